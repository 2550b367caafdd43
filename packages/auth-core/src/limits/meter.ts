import type { Authority } from '../authority/decide.ts';
import { type Clock, systemClock } from '../clock.ts';
import { LimitExceededError, StoreUnavailableError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { requirePart } from '../require-part.ts';
import { type CountedLimit, type CountedLimitName, listCountedLimits } from './counted-limits.ts';
import { guardLimitStore } from './guard-limit-store.ts';
import { createLeaseKeeper, LEASE_MILLISECONDS, type Repeat, systemRepeat } from './lease-keeper.ts';
import type { Claim, Counter, LimitStore, TakeAnswer, Taking, WindowCounter } from './limit-store.ts';
import { pair } from './pair.ts';

/** What {@link createMeter} works with. */
export interface MeterOptions {
  readonly store: LimitStore;
  readonly clock?: Clock;
  /** Makes an id that no other process makes; a random UUID by default. */
  readonly createId?: () => string;
  /** The timer on which leases are renewed. */
  readonly repeat?: Repeat;
}

/** How things stand with one limit of one grant. */
export interface LimitState {
  readonly name: CountedLimitName;
  /** Whose limit it is: `server policy`, `token ci-bot`. */
  readonly source: string;
  readonly limit: number;
  /** What is left, never below 0. */
  readonly remaining: number;
  /** When all of it is there again, in whole seconds; absent where each request gives back what it took. */
  readonly resetSeconds?: number;
}

/** Tokens that a request may use: a part of every token limit that it counts against. */
export interface TokenReservation {
  /** How many tokens, from `least` to `wanted`. */
  readonly granted: number;
  /**
   * Says how many were used, a whole number, and gives back the others. What was used beyond `granted` counts, too.
   * The first call decides; a reservation that is never settled counts whole.
   *
   * @throws {AuthError} `AUTH_STORE_UNAVAILABLE`; then it counts whole
   */
  settle(used: number): Promise<void>;
}

/** One request that was let in. Release it when it has ended, whatever its end. */
export interface Admission extends AsyncDisposable {
  /** How things stood when the request was let in, for every counted limit of every grant. */
  readonly states: readonly LimitState[];
  /** Whether the request keeps others out while it runs; without it there is nothing to release. */
  readonly holdsPlace: boolean;
  /**
   * Reserves tokens before they are generated: as many as fit, up to `wanted` and at least `least`, both whole
   * numbers. Without token limits that is `wanted`.
   *
   * @throws {AuthError} `AUTH_LIMIT_EXCEEDED` when fewer than `least` fit, and `AUTH_STORE_UNAVAILABLE`
   */
  reserveTokens(wanted: number, least: number): Promise<TokenReservation>;
  /** Lets the next request in. May be called again, and never rejects: what cannot be given back ends by itself. */
  release(): Promise<void>;
}

/** Counts what requests use against the limits of their callers' grants. */
export interface Meter extends AsyncDisposable {
  /**
   * Counts a request against `requestsPerMinute` and `concurrentRequests` of every grant, or of none.
   *
   * @throws {AuthError} `AUTH_LIMIT_EXCEEDED`, and `AUTH_STORE_UNAVAILABLE` when nobody can say
   */
  admit(principal: Principal): Promise<Admission>;
  /** How things stand, without counting anything. @throws `AUTH_STORE_UNAVAILABLE` */
  usage(principal: Principal): Promise<LimitState[]>;
  /** Releases every admission, and closes the store. */
  close(): Promise<void>;
}

/** A place among concurrent requests may be free at any moment. */
const RETRY_SECONDS = 1;

/**
 * Creates what enforces the counted limits of grants: `requestsPerMinute`, `concurrentRequests`, `tokensPerDay` and
 * `tokensPerMonth`. Each is counted for each grant that has it, and a request must fit all of them.
 *
 * Minutes, days and months are those of UTC: within one, no limit is ever passed, however many requests come at once
 * and from however many processes that share the store. Requests that run are held by leases, which this renews; those
 * of a process that was killed end within half a minute. A caller without such limits never reaches the store.
 *
 * The other limits of a grant are not counted: hold to what the decision says of `maxOutputTokens` and
 * `toolCallsPerRequest`.
 *
 * @example
 * ```ts
 * import { anonymousPrincipal, createMemoryLimitStore, createMeter } from '@latchkey/auth-core';
 *
 * const meter = createMeter({ store: createMemoryLimitStore() });
 * const limits = { requestsPerMinute: 60, concurrentRequests: 2, tokensPerDay: 100 };
 * const guest = anonymousPrincipal({ actions: ['chat'], limits }, 'guest');
 * {
 *   await using admission = await meter.admit(guest);
 *   const reservation = await admission.reserveTokens(2048, 1);
 *   console.log(reservation.granted); // 100
 *   await reservation.settle(42);
 * }
 * await meter.close();
 * ```
 */
export function createMeter(options: MeterOptions): Meter {
  requirePart('createMeter', 'store', options?.store, ['take', 'read', 'adjust']);
  const { clock = systemClock, createId = () => crypto.randomUUID(), repeat = systemRepeat } = options;
  const store = guardLimitStore(options.store);
  const keeper = createLeaseKeeper(store, clock, repeat);

  async function reserveTokens(authority: Authority, wanted: number, least: number): Promise<TokenReservation> {
    checkWholeNumber('least', least, 0);
    checkWholeNumber('wanted', wanted, least);
    const now = clock().getTime();
    const limits = listCountedLimits(authority, now).filter(isTokenLimit);
    if (limits.length === 0) return reserve(wanted, async () => undefined);
    const claims = limits.map(({ counter, limit }) => ({ ...counter, amount: wanted, limit, least }));
    const takings = readTakings(await store.take(claims, now), limits, now);
    const granted = Math.min(...takings.map(({ amount }) => amount));
    return reserve(granted, (amount) => store.adjust(limits.map(({ counter }) => ({ ...counter, amount }))));
  }

  async function admit({ authority }: Principal): Promise<Admission> {
    const now = clock().getTime();
    const limits = listCountedLimits(authority, now);
    if (limits.length === 0) return admission(authority, NO_STATES);
    const leased = limits.some(isLeaseLimit);
    const leaseId = leased ? createId() : NO_LEASE;
    const claims = limits.map((limit) => claimRequest(limit, leaseId, now + LEASE_MILLISECONDS));
    const answer = store.take(claims, now);
    const takings = readTakings('taken' in answer ? answer : await answer, limits, now);
    const states = pair(limits, takings).map(([limit, { used }]) => stateOf(limit, used, now));
    return admission(authority, states, leased ? leaseId : undefined);
  }

  function admission(authority: Authority, states: readonly LimitState[], leaseId?: string): Admission {
    if (leaseId !== undefined) keeper.hold(leaseId);
    const release = leaseId === undefined ? releaseNothing : () => keeper.release(leaseId);
    return {
      states,
      holdsPlace: leaseId !== undefined,
      reserveTokens: (wanted, least) => reserveTokens(authority, wanted, least),
      release,
      [Symbol.asyncDispose]: release,
    };
  }

  async function usage({ authority }: Principal): Promise<LimitState[]> {
    const now = clock().getTime();
    const limits = listCountedLimits(authority, now);
    if (limits.length === 0) return [];
    const counters = limits.map(({ counter }) => counter);
    return pair(limits, await store.read(counters, now)).map(([limit, used]) => stateOf(limit, used, now));
  }

  async function close(): Promise<void> {
    await keeper.releaseAll();
    await store.close();
  }

  return { admit, usage, close, [Symbol.asyncDispose]: close };
}

/** Names the lease of a request that holds none. */
const NO_LEASE = '';

const NO_STATES: readonly LimitState[] = Object.freeze([]);

async function releaseNothing(): Promise<void> {}

/** What the claims got, each of which belongs to one of the limits, or which limit keeps the caller longest. */
function readTakings(answer: TakeAnswer, limits: readonly CountedLimit[], now: number): readonly Taking[] {
  if (answer.taken) return answer.takings;
  const [longest] = limits
    .filter((_, index) => answer.refused.includes(index))
    .map(({ name, source, counter }) => ({ name, source, seconds: secondsToReset(counter, now) ?? RETRY_SECONDS }))
    .sort((left, right) => right.seconds - left.seconds);
  if (longest === undefined) throw new StoreUnavailableError('the limit store refuses without saying what');
  throw new LimitExceededError(longest.name, longest.source, longest.seconds);
}

function isLeaseLimit({ counter }: CountedLimit): boolean {
  return counter.kind === 'lease';
}

function isTokenLimit(limit: CountedLimit): limit is CountedLimit & { readonly counter: WindowCounter } {
  return limit.name === 'tokensPerDay' || limit.name === 'tokensPerMonth';
}

/** What a request uses by being let in; of its tokens, only how many are left is of interest. */
function claimRequest({ name, counter, limit }: CountedLimit, leaseId: string, expiresAt: number): Claim {
  const { kind, key } = counter;
  if (kind === 'lease') return { kind, key, leaseId, expiresAt, limit };
  return { kind, key, windowEnd: counter.windowEnd, amount: name === 'requestsPerMinute' ? 1 : 0, limit };
}

function stateOf({ name, source, limit, counter }: CountedLimit, used: number, now: number): LimitState {
  const resetSeconds = secondsToReset(counter, now);
  const remaining = Math.max(0, limit - used);
  return resetSeconds === undefined
    ? { name, source, limit, remaining }
    : { name, source, limit, remaining, resetSeconds };
}

function secondsToReset(counter: Counter, now: number): number | undefined {
  return counter.kind === 'window' ? Math.ceil((counter.windowEnd - now) / 1000) : undefined;
}

function reserve(granted: number, adjust: (amount: number) => Promise<void>): TokenReservation {
  let settled: Promise<void> | undefined;
  return {
    granted,
    async settle(used) {
      checkWholeNumber('used', used, 0);
      // Never twice, not even after a failure: the store may have taken the first one all the same.
      settled ??= used === granted ? Promise.resolve() : adjust(used - granted);
      await settled;
    },
  };
}

function checkWholeNumber(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TypeError(`${name} must be a whole number, at least ${least}`);
  }
}
