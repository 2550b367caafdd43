import { ConfigurationError } from '../errors.ts';
import { nodeModule } from '../node-modules.ts';

const PATIENCE_MILLISECONDS = 20_000;

/**
 * Does something while no other process that asks here does. What a process has left that is gone is taken away, by one
 * alone; what is not known to be left is waited for, and then named in an error.
 *
 * @throws {ConfigurationError} `unsafe_profiles` when the lock does not come free
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
 * Only the maker of the file that bears the nonce of a left lock may remove that lock: two that both saw it left cannot
 * take away the next one's.
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

/** The nonce of a lock whose process was on this machine and is no longer. */
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
