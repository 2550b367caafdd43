import type { Context } from 'koa';
import { ServerError } from '../contracts/server-error.ts';
import { readText } from './read-text.ts';

/**
 * Reads a form (`application/x-www-form-urlencoded`) of at most `limit` bytes, as OAuth's endpoints take it. Throws
 * ServerError `UNSUPPORTED_MEDIA_TYPE`, `PAYLOAD_TOO_LARGE`, `INVALID_REQUEST`.
 */
export async function readForm(ctx: Context, limit: number): Promise<URLSearchParams> {
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new ServerError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Send the body as a form, with Content-Type: application/x-www-form-urlencoded.',
      { param: 'Content-Type' },
    );
  }
  return new URLSearchParams(await readText(ctx, limit));
}
