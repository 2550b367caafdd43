import { isDatabaseMoved } from '../contracts/unexpected.ts';

/** Describes an error of SQLite, and what to try. */
export function describeSqliteFailure(error: unknown): string {
  const remedy = isDatabaseMoved(error) ? MOVED : REMEDIES[sqliteCode(error) ?? 0];
  return `${reasonOf(error)}${remedy ?? ''}`;
}

/**
 * Describes why a SQLite file that was opened before has become unusable; undefined for any other error, and for a file
 * that another process has locked for a while.
 */
export function describeUnusableFile(error: unknown): string | undefined {
  const code = sqliteCode(error);
  return code === undefined || BUSY.has(code) ? undefined : describeSqliteFailure(error);
}

/** Returns the reason of a failure. An attempt at several addresses has no message of its own, only a code. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it gave no reason';
  return error.message || ('code' in error ? String(error.code) : error.name);
}

const DAMAGED = '. Restore it from a backup, or move it away to begin again without tokens.';
const FULL = '. Make room on its disk.';
const MOVED = '. Put it back, or stop the server and restore a backup.';
const READ_ONLY = '. Look at its mode and at that of its folder.';

/** What to try, by SQLite's primary result code (https://sqlite.org/rescode.html). */
const REMEDIES: Readonly<Record<number, string>> = {
  5: '. Another process holds it: stop that one.',
  8: READ_ONLY,
  10: '. Its disk does not answer.',
  11: DAMAGED,
  13: FULL,
  14: READ_ONLY,
  26: DAMAGED,
};

/** `SQLITE_BUSY`, `SQLITE_LOCKED` */
const BUSY: ReadonlySet<number> = new Set([5, 6]);

/** The primary code is the lowest byte of an extended one. */
const sqliteCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
