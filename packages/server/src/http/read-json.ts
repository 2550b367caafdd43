import type { Context } from 'koa';
import { ServerError } from '../contracts/server-error.ts';
import { readText } from './read-text.ts';

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

/** The same for a body that may be left out; then, an object without anything. */
export async function readOptionalJson(ctx: Context, limit: number): Promise<unknown> {
  // A body that is sent in chunks has no length, and counts all the same.
  const isAbsent = ctx.is() === null || ctx.request.length === 0;
  return isAbsent ? {} : readJson(ctx, limit);
}
