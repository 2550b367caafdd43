import type { Authority } from '../authority/decide.ts';
import type { Counter } from './limit-store.ts';

/** The limits of a grant that are counted over requests. */
export const COUNTED_LIMITS = ['requestsPerMinute', 'concurrentRequests', 'tokensPerDay', 'tokensPerMonth'] as const;

/** One of the limits of a grant that are counted over requests. */
export type CountedLimitName = (typeof COUNTED_LIMITS)[number];

/** A limit of one grant of an authority, and where its use is counted. */
export interface CountedLimit {
  readonly name: CountedLimitName;
  readonly source: string;
  readonly limit: number;
  readonly counter: Counter;
}

const NONE: readonly CountedLimit[] = [];

/**
 * What is counted for an authority at a time (milliseconds since 1970): the limits of every grant that says whose
 * use it is.
 */
export function listCountedLimits(authority: Authority, now: number): readonly CountedLimit[] {
  let limits: Map<string, CountedLimit> | undefined;
  for (const { grant, source, id } of authority) {
    if (grant.limits === undefined || id === undefined) continue;
    for (const name of COUNTED_LIMITS) {
      const limit = grant.limits[name];
      if (limit === undefined) continue;
      limits ??= new Map();
      const key = `${name} ${id}`;
      // Two grants that count the same use share a counter, and the stricter one decides.
      const other = limits.get(key);
      if (other === undefined || limit < other.limit) {
        limits.set(key, { name, source, limit, counter: counterOf(name, key, now) });
      }
    }
  }
  return limits === undefined ? NONE : [...limits.values()];
}

const MINUTE_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 86_400_000;

/**
 * Windows are the minutes, days and months of UTC. Unlike a sliding window, one of them needs a single number, is the
 * same for every process, and ends at a moment that can be told; a burst may straddle that end.
 */
function counterOf(name: CountedLimitName, key: string, now: number): Counter {
  switch (name) {
    case 'requestsPerMinute':
      return { kind: 'window', key, windowEnd: nextMultiple(MINUTE_MILLISECONDS, now) };
    case 'tokensPerDay':
      return { kind: 'window', key, windowEnd: nextMultiple(DAY_MILLISECONDS, now) };
    case 'tokensPerMonth': {
      const date = new Date(now);
      return { kind: 'window', key, windowEnd: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) };
    }
    case 'concurrentRequests':
      return { kind: 'lease', key };
  }
}

function nextMultiple(milliseconds: number, now: number): number {
  return (Math.floor(now / milliseconds) + 1) * milliseconds;
}
