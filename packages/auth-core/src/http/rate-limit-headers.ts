import type { LimitState } from '../limits/meter.ts';

/** What is counted, and over how many seconds. */
function policyOf({ unit, windowSeconds }: LimitState): string {
  const counted = unit === undefined ? '' : `;qu="${unit}"`;
  return windowSeconds === undefined ? counted : `${counted};w=${windowSeconds}`;
}

/** The largest whole number of a structured field (RFC 9651 3.3.1). */
const LARGEST = 999_999_999_999_999;

/**
 * Renders the state of limits as in draft-ietf-httpapi-ratelimit-headers: their size in `RateLimit-Policy`, what is
 * left and the seconds to the reset in `RateLimit`. A limit that several grants have appears once, with the least that
 * is left. Without limits there are no headers.
 *
 * @example
 * ```ts
 * import { rateLimitHeaders } from '@latchkey/auth-core/http';
 *
 * const counted = { name: 'requestsPerMinute', source: 'token ci-bot', limit: 60, windowSeconds: 60 };
 * const state = { ...counted, remaining: 59, resetSeconds: 42 };
 * console.log(rateLimitHeaders([state]));
 * // { 'RateLimit-Policy': '"requestsPerMinute";q=60;w=60', RateLimit: '"requestsPerMinute";r=59;t=42' }
 * ```
 */
export function rateLimitHeaders(states: readonly LimitState[]): Record<string, string> {
  if (states.length === 0) return {};
  let policy = '';
  let left = '';
  for (const state of states.length === 1 ? states : findTightest(states)) {
    const { name, limit, remaining, resetSeconds } = state;
    const separator = policy === '' ? '' : ', ';
    const reset = resetSeconds === undefined ? '' : `;t=${resetSeconds}`;
    policy += `${separator}"${name}";q=${cap(limit)}${policyOf(state)}`;
    left += `${separator}"${name}";r=${cap(remaining)}${reset}`;
  }
  return { 'RateLimit-Policy': policy, RateLimit: left };
}

function findTightest(states: readonly LimitState[]): Iterable<LimitState> {
  const tightest = new Map<LimitState['name'], LimitState>();
  for (const state of states) {
    const other = tightest.get(state.name);
    if (other === undefined || state.remaining < other.remaining) tightest.set(state.name, state);
  }
  return tightest.values();
}

function cap(value: number): number {
  return Math.min(value, LARGEST);
}
