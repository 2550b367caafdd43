import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { ServerError } from '../contracts/server-error.ts';

/**
 * Reads a JSON body of at most `limit` bytes. Throws ServerError `UNSUPPORTED_MEDIA_TYPE` (a web page can post
 * anything else without asking first), `PAYLOAD_TOO_LARGE`, `INVALID_REQUEST`.
 */
export async function readJson(ctx: Context, limit: number): Promise<unknown> {
  if (!ctx.is('json', '+json')) {
    throw new ServerError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as JSON, with Content-Type: application/json.', {
      param: 'Content-Type',
    });
  }
  const text = await readText(ctx, limit);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ServerError('INVALID_REQUEST', 'The body is not valid JSON.', { param: 'body' });
  }
}

async function readText(ctx: Context, limit: number): Promise<string> {
  const length = ctx.request.length;
  try {
    return await getRawBody(ctx.req, { limit, encoding: 'utf8', ...(length === undefined ? {} : { length }) });
  } catch (error) {
    const { type } = error as { type?: string };
    if (type === 'entity.too.large') {
      // What is still to come is not read; the connection can't be used again.
      ctx.set('Connection', 'close');
      throw new ServerError('PAYLOAD_TOO_LARGE', `The body is larger than ${limit} bytes.`, {
        param: 'body',
        cause: error,
      });
    }
    throw new ServerError('INVALID_REQUEST', 'The body did not arrive whole.', {
      param: 'body',
      cause: error,
      ...(type === undefined ? {} : { detail: type }),
    });
  }
}
