import { setTimeout } from 'node:timers/promises';

/** How long a write waits for another process's write before it fails. */
export const BUSY_MILLISECONDS = 5000;
const FIRST_PAUSE_MILLISECONDS = 1;
const LONGEST_PAUSE_MILLISECONDS = 25;

/** `SQLITE_BUSY` and `SQLITE_LOCKED`; the primary code is the lowest byte of an extended one. */
const BUSY_CODES: ReadonlySet<number> = new Set([5, 6]);

/** Whether SQLite refuses something because another connection holds a lock. */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    BUSY_CODES.has(error.errcode & 0xff)
  );
}

/**
 * Tries again while another connection holds a lock, for up to five seconds. SQLite's own waiting would stop the whole
 * process meanwhile.
 */
export async function whileBusy<Result>(run: () => Result): Promise<Result> {
  const until = performance.now() + BUSY_MILLISECONDS;
  for (let pause = FIRST_PAUSE_MILLISECONDS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS)) {
    try {
      return run();
    } catch (error) {
      if (performance.now() > until || !isBusy(error)) throw error;
    }
    await setTimeout(pause);
  }
}
