import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { failureAt } from '../config/path-failure.ts';
import { ServerError } from '../contracts/server-error.ts';

/** How long a command may hold the folder before it counts as a server. */
const PATIENCE_MILLISECONDS = 1000;
const BUSY = 5;

/**
 * Locks a data folder for this process until the result is disposed or the process ends in any way. The system holds
 * the lock, also across containers that share the folder. Two servers on one folder would each have only part of the
 * state: commands would reach one of them, and a token revoked on one would keep working on the other for a while.
 *
 * @throws {ServerError} `CONFLICT` when another process holds the lock
 */
export function lockFolder(path: string): Disposable {
  const lock = tryLockFolder(path);
  if (lock !== undefined) return lock;
  throw new ServerError('CONFLICT', `${describeOther(path)}. Stop it, or choose another --data.`, { param: 'data' });
}

/** Whether a server holds the lock of a data folder, on the host or in a container. */
export function isFolderLocked(path: string): boolean {
  // A check must not create the file.
  if (!existsSync(join(path, 'server.lock'))) return false;
  try {
    const lock = tryLockFolder(path);
    lock?.[Symbol.dispose]();
    return lock === undefined;
  } catch {
    return false;
  }
}

/** The lock of a data folder; undefined when another process holds it. Waits a second for a short-lived one. */
export function tryLockFolder(path: string): Disposable | undefined {
  const file = join(path, 'server.lock');
  create(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: PATIENCE_MILLISECONDS });
    // The database is never written, and no journal file should appear beside it.
    database.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    database?.close();
    if (codeOf(error) === BUSY) return undefined;
    throw failureAt(file, error);
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}

/**
 * Creates the lock file if it is missing. An existing file is not opened here: closing it would release a lock that
 * this process holds.
 */
function create(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failureAt(file, error);
  }
}

/** The primary code is the lowest byte of an extended one. */
const codeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;

function describeOther(path: string): string {
  try {
    const { url, pid } = JSON.parse(readFileSync(join(path, 'server.json'), 'utf8')) as Record<string, unknown>;
    return `A server runs on this data folder already: ${String(url)}, process ${String(pid)}`;
  } catch {
    // A server that starts has not told yet where it is.
    return 'A server runs on this data folder already, or a command works on it';
  }
}
