import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { failureAt } from '../config/path-failure.ts';
import { ServerError } from '../contracts/server-error.ts';

/** How long a command that works on the folder may take before it counts as a server. */
const PATIENCE_MILLISECONDS = 1000;
const BUSY = 5;

/**
 * Takes a data folder for this process alone, until the result is disposed or the process ends, however it ends: the system holds
 * the lock, across containers that share the folder as well. Two servers on one folder would each know only half: commands would
 * reach one, and what is revoked on one would go on for a while on the other.
 *
 * @throws {ServerError} `CONFLICT` when another process has it
 */
export function lockFolder(path: string): Disposable {
  const lock = tryLock(path);
  if (lock !== undefined) return lock;
  throw new ServerError(
    'CONFLICT',
    `A server runs on this data folder already${describeOther(path)}. Stop it, or choose another --data.`,
    { param: 'data' },
  );
}

/** Whether a server has a data folder, wherever it runs. */
export function isFolderLocked(path: string): boolean {
  try {
    const lock = tryLock(path);
    lock?.[Symbol.dispose]();
    return lock === undefined;
  } catch {
    return false;
  }
}

function tryLock(path: string): Disposable | undefined {
  const file = join(path, 'server.lock');
  create(file);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: PATIENCE_MILLISECONDS });
    // Nothing is ever written, and no file beside it is wanted.
    database.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    database?.close();
    if (codeOf(error) === BUSY) return undefined;
    throw failureAt(file, error);
  }
  const held = database;
  return { [Symbol.dispose]: () => held.close() };
}

/** Only a file that is new is closed here: with any other, the system would let go of a lock that this process has. */
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
    return `: ${String(url)}, process ${String(pid)}`;
  } catch {
    return '';
  }
}
