import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const OPTIONS = { timeout: 0, readOnly: true } as const;

/**
 * Opens a file that this process must not write, and returns the connection to read with at any time.
 *
 * SQLite reads a file in WAL mode beside its writer, or where it may create the files for that. Where no process writes
 * and it may not, the file is read as one that does not change (`immutable`); before each read, the process looks
 * whether it has changed, or a writer has come, and opens it again. A writer's files that cannot be read are an error:
 * without them, a revocation would not be seen.
 *
 * @throws {Error} SQLite's error, when the file cannot be read
 */
export function openReadOnly(path: string): () => DatabaseSync {
  let database: DatabaseSync | undefined;
  /** What the file looked like, where it is read as one that does not change. */
  let frozen: string | undefined;

  function close(): void {
    if (database?.isOpen) database.close();
    database = undefined;
  }

  function open(): DatabaseSync {
    frozen = undefined;
    const beside = new DatabaseSync(path, OPTIONS);
    try {
      // The first read opens the files of the writer.
      beside.prepare('select 1 from sqlite_schema').get();
      return beside;
    } catch (error) {
      beside.close();
      const seen = fingerprint(path);
      if (hasWriter(path)) throw error;
      const url = pathToFileURL(resolve(path));
      url.searchParams.set('immutable', '1');
      frozen = seen;
      return new DatabaseSync(url, OPTIONS);
    }
  }

  function current(): DatabaseSync {
    // A connection that was closed on purpose stays closed.
    if (database !== undefined && (frozen === undefined || !database.isOpen)) return database;
    if (database !== undefined && frozen === fingerprint(path)) return database;
    close();
    database = open();
    return database;
  }

  current();
  return current;
}

/** Whether there is a log of a writer that may hold what the file does not have yet. */
const hasWriter = (path: string): boolean => (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

function fingerprint(path: string): string {
  const of = (name: string) => {
    const found = statSync(name, { bigint: true, throwIfNoEntry: false });
    return [found?.ino, found?.size, found?.mtimeNs].join(' ');
  };
  return `${of(path)}, ${of(`${path}-wal`)}`;
}
