import type { Clock } from '../clock.ts';

/** A clock whose time changes only when it is set. */
export interface FixedClock extends Clock {
  /** Moves the time on, or back. */
  advance(milliseconds: number): void;
}

/**
 * Creates a clock for tests.
 *
 * @example
 * ```ts
 * import { fixedClock } from '@latchkey/auth-core/testing';
 *
 * const clock = fixedClock('2027-01-01T00:00:00Z');
 * clock.advance(1000);
 * console.log(clock().toISOString()); // 2027-01-01T00:00:01.000Z
 * ```
 */
export function fixedClock(start = '2027-01-01T00:00:00Z'): FixedClock {
  let now = Date.parse(start);
  return Object.assign(() => new Date(now), {
    advance(milliseconds: number) {
      now += milliseconds;
    },
  });
}
