import { ServerError } from './server-error.ts';

const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
/** `SQLITE_FULL`; the primary code is the lowest byte of an extended one. */
const SQLITE_FULL = 13;
/** `SQLITE_READONLY_DBMOVED` */
const SQLITE_MOVED = 1032;
/** PostgreSQL's `disk_full`. */
const POSTGRES_FULL = '53100';
/** A cause that contains itself must not be followed forever. */
const DEEPEST = 16;

const FULL =
  'The disk that the server stores on is full: nothing was stored. Tokens can still be revoked. The operator has to make room.';
const MOVED =
  "The file of the server's database was removed or replaced: nothing was stored. The operator has to look at the server's log.";

interface Codes {
  readonly code?: unknown;
  readonly errcode?: unknown;
}

/** Whether a failure, or one that caused it, means that a disk has no room left. */
export const isFull = (thrown: unknown): boolean =>
  causedBy(
    thrown,
    ({ code, errcode }) =>
      (typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL) ||
      (typeof code === 'string' && (FULL_CODES.has(code) || code === POSTGRES_FULL)),
  );

/** Whether a failure, or one that caused it, means that the file of the database is no longer the one that is open. */
export const isDatabaseMoved = (thrown: unknown): boolean =>
  causedBy(thrown, ({ errcode }) => errcode === SQLITE_MOVED);

function causedBy(thrown: unknown, matches: (codes: Codes) => boolean): boolean {
  let error = thrown;
  for (let depth = 0; depth < DEEPEST && error instanceof Error; depth++) {
    if (matches(error as Codes)) return true;
    error = error.cause;
  }
  return false;
}

/** The error that a caller gets when nothing can be stored; undefined for every other failure. */
export function unstored(thrown: unknown): ServerError | undefined {
  if (isFull(thrown)) return new ServerError('DISK_FULL', FULL, { cause: thrown });
  return isDatabaseMoved(thrown) ? new ServerError('STORE_UNAVAILABLE', MOVED, { cause: thrown }) : undefined;
}

/** The error that a caller gets for a failure that nothing expected. Its cause is for the log. */
export function unexpected(thrown: unknown): ServerError {
  return (
    unstored(thrown) ??
    new ServerError('INTERNAL', 'The server failed at this request; its log says why.', { cause: thrown })
  );
}
