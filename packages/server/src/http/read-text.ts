import type { Context } from 'koa';
import getRawBody from 'raw-body';
import { ServerError } from '../contracts/server-error.ts';

/**
 * Reads a body of at most `limit` bytes. Throws ServerError `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE`,
 * `INVALID_REQUEST`.
 */
export async function readText(ctx: Context, limit: number): Promise<string> {
  const encoding = ctx.get('Content-Encoding');
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new ServerError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is: compressed ones are not taken.', {
      param: 'Content-Encoding',
    });
  }
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
