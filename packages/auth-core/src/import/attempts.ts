import type { Clock } from '../clock.ts';
import { LimitExceededError } from '../errors.ts';

/** Counts attempts, by what they are made on and where they come from. */
export interface Attempts {
  /** Counts an attempt under each name. @throws {AuthError} `AUTH_LIMIT_EXCEEDED` when one of them has none left */
  take(limits: readonly AttemptLimit[]): void;
  /** Takes back one attempt that was right. */
  giveBack(limits: readonly AttemptLimit[]): void;
}

/** How many attempts are left to a name in a minute. */
export interface AttemptLimit {
  readonly name: string;
  readonly most: number;
}

interface Count {
  readonly since: number;
  used: number;
}

const MINUTE_MILLISECONDS = 60_000;
/** How many names are counted at a time. When there are more, further attempts are refused. */
const CAPACITY = 10_000;

/** Creates counters in the memory of this process. */
export function createAttempts(clock: Clock): Attempts {
  const counts = new Map<string, Count>();

  function isOver({ since }: Count, now: number): boolean {
    // After the clock was set back, the age is unknown: the count goes on.
    return now - since >= MINUTE_MILLISECONDS;
  }

  function makeRoom(now: number): boolean {
    if (counts.size < CAPACITY) return true;
    for (const [name, count] of counts) if (isOver(count, now)) counts.delete(name);
    return counts.size < CAPACITY;
  }

  return {
    take(limits) {
      const now = clock().getTime();
      for (const { name, most } of limits) {
        const count = counts.get(name);
        if (count !== undefined && isOver(count, now)) counts.delete(name);
        else if (count === undefined ? !makeRoom(now) : count.used >= most) {
          const since = count?.since ?? now;
          throw new LimitExceededError(
            'attemptsPerMinute',
            'imported keys',
            Math.max(1, Math.ceil((since + MINUTE_MILLISECONDS - now) / 1000)),
          );
        }
      }
      for (const { name } of limits) {
        const count = counts.get(name) ?? { since: now, used: 0 };
        count.used++;
        counts.set(name, count);
      }
    },
    giveBack(limits) {
      for (const { name } of limits) {
        const count = counts.get(name);
        if (count !== undefined) count.used--;
      }
    },
  };
}
