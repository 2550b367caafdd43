import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** `SQLITE_READONLY_DBMOVED`, SQLite's own code for this, which it gives only without a WAL. */
const MOVED = 1032;

/** Throws when the file under a name is no longer the one that is open. */
export type RequireSameFile = () => void;

/**
 * Remembers which file has this name, to be called after it was opened. A file that is removed, moved or replaced while it
 * is open still takes writes: they are acknowledged, and gone when the process ends. A file that cannot be looked at for
 * another reason counts as the same.
 *
 * @returns throws an error as SQLite's, with `errcode` 1032 (`SQLITE_READONLY_DBMOVED`)
 */
export function createSameFile(file: string): RequireSameFile {
  // The working folder may change.
  const path = resolve(file);
  const opened = look(path);
  return () => {
    const now = look(path);
    if (opened === undefined || now === undefined || now === opened) return;
    const what = now === REMOVED ? 'was removed or moved' : 'was replaced by another file';
    const message = `The file ${path} ${what} while it was open: what is written to it would be lost`;
    throw Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode: MOVED });
  };
}

const REMOVED = 'removed';

/** Device and inode; undefined when that cannot be said now. */
function look(path: string): string | undefined {
  try {
    const status = statSync(path, { bigint: true, throwIfNoEntry: false });
    return status === undefined ? REMOVED : `${status.dev}:${status.ino}`;
  } catch {
    return undefined;
  }
}
