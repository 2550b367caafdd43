import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { movePrivate, writeDraft } from './data-folder.ts';

const NAME = /^snapshot-[0-9a-f]{16}\.db$/;
/** All pages in one step: a copy in several would begin again with each write in between. */
const ALL_PAGES = 2 ** 31 - 1;

/** Whether a name is that of a snapshot: nothing else is read or removed. */
export const isSnapshot = (name: string): boolean => NAME.test(name);

/**
 * Copies the database of a data folder, as it is at one moment, to a file in that folder, and returns its name. It is
 * for the process that has the database open: the copy is made in the background, and writes go on meanwhile.
 */
export async function takeSnapshot(folder: string, database: string): Promise<string> {
  const name = `snapshot-${randomBytes(8).toString('hex')}.db`;
  const path = join(folder, name);
  movePrivate(writeDraft(path, ''), path);
  try {
    using source = new DatabaseSync(database, { readOnly: true });
    await backup(source, path, { rate: ALL_PAGES });
    // A file with a log beside it would not be one file.
    using copy = new DatabaseSync(path);
    copy.exec('pragma journal_mode = delete');
  } catch (error) {
    removeSnapshot(folder, name);
    throw error;
  }
  return name;
}

export function removeSnapshot(folder: string, name: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(join(folder, `${name}${suffix}`), { force: true });
}

/** Removes what commands that ended early have left. */
export function removeSnapshots(folder: string): void {
  for (const name of readdirSync(folder)) if (isSnapshot(name)) removeSnapshot(folder, name);
}
