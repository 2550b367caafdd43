import { ServerError } from './server-error.ts';

const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
/** `SQLITE_FULL`; the primary code is the lowest byte of an extended one. */
const SQLITE_FULL = 13;
/** PostgreSQL's `disk_full`. */
const POSTGRES_FULL = '53100';
/** A cause that contains itself must not be followed forever. */
const DEEPEST = 16;

const FULL =
  'The disk that the server stores on is full: nothing was stored. Tokens can still be revoked. The operator has to make room.';

/** Whether a failure, or one that caused it, means that a disk has no room left. */
export function isFull(thrown: unknown): boolean {
  let error = thrown;
  for (let depth = 0; depth < DEEPEST && error instanceof Error; depth++) {
    const { code, errcode } = error as { readonly code?: unknown; readonly errcode?: unknown };
    if (typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL) return true;
    if (typeof code === 'string' && (FULL_CODES.has(code) || code === POSTGRES_FULL)) return true;
    error = error.cause;
  }
  return false;
}

/** The error that a caller gets for a failure that nothing expected. Its cause is for the log. */
export function unexpected(thrown: unknown): ServerError {
  return isFull(thrown)
    ? new ServerError('DISK_FULL', FULL, { cause: thrown })
    : new ServerError('INTERNAL', 'The server failed at this request; its log says why.', { cause: thrown });
}
