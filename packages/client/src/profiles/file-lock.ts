import { ConfigurationError } from '../errors.ts';
import { nodeModule } from '../node-modules.ts';

const PATIENCE_MILLISECONDS = 20_000;

/**
 * Runs `act` while no other process holds the lock. A stale lock, left by a process that is gone, is removed, by one
 * process only. Any other lock is waited for; if it is not released in time, an error names it.
 *
 * @throws {ConfigurationError} `unsafe_profiles` when the lock is not released
 */
export function whileLocked<T>(path: string, act: () => T): T {
  const fs = nodeModule('node:fs');
  const lock = `${path}.lock`;
  const mark = JSON.stringify({
    pid: process.pid,
    host: nodeModule('node:os').hostname(),
    nonce: nodeModule('node:crypto').randomBytes(8).toString('hex'),
  });
  const until = Date.now() + PATIENCE_MILLISECONDS;
  while (!create(lock, mark)) {
    breakIfLeft(lock);
    if (Date.now() > until) {
      throw new ConfigurationError(
        'unsafe_profiles',
        `${lock} is held. Remove it when no other program writes profiles.`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5 + Math.random() * 20);
  }
  try {
    return act();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function create(path: string, content: string): boolean {
  try {
    nodeModule('node:fs').writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a stale lock. Only the process that creates the file named after the lock's nonce may remove it: so of two
 * processes that saw the same stale lock, neither can remove the lock of the next holder.
 */
function breakIfLeft(lock: string): void {
  const fs = nodeModule('node:fs');
  const seen = read(lock);
  const nonce = nonceIfLeft(seen);
  if (nonce === undefined) return;
  const breaker = `${lock}.${nonce}`;
  if (!create(breaker, '')) return;
  try {
    if (read(lock) === seen) fs.rmSync(lock, { force: true });
  } finally {
    fs.rmSync(breaker, { force: true });
  }
}

function read(path: string): string | undefined {
  try {
    return nodeModule('node:fs').readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The nonce of a stale lock: its process ran on this machine and no longer exists. */
function nonceIfLeft(content: string | undefined): string | undefined {
  try {
    const { pid, host, nonce } = JSON.parse(content ?? '') as Record<string, unknown>;
    if (host !== nodeModule('node:os').hostname() || typeof pid !== 'number') return undefined;
    if (typeof nonce !== 'string' || !/^[0-9a-f]{16}$/.test(nonce)) return undefined;
    return isAlive(pid) ? undefined : nonce;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
