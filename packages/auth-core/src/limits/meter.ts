import type { Authority } from '../authority/authority.ts';
import type { CountedUse } from '../authority/decision.ts';
import { coreVocabulary } from '../authority/define-vocabulary.ts';
import { listRuleUses } from '../authority/rule-uses.ts';
import type { BudgetUnit, CoreWords, Vocabulary, Words } from '../authority/vocabulary.ts';
import { type Clock, systemClock } from '../clock.ts';
import { LimitExceededError, StoreUnavailableError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { type Repeat, systemRepeat } from '../repeat.ts';
import { requirePart } from '../require-part.ts';
import {
  type CountedDefinition,
  type CountedLimit,
  countUses,
  listCountedLimits,
  readDefinitions,
  secondsToReset,
} from './counted-limits.ts';
import { guardLimitStore } from './guard-limit-store.ts';
import { createLeaseKeeper, LEASE_MILLISECONDS } from './lease-keeper.ts';
import type { Claim, CreditCounter, LimitStore, TakeAnswer, Taking, WindowCounter } from './limit-store.ts';
import { pair } from './pair.ts';

/** What {@link createMeter} works with. */
export interface MeterOptions<W extends Words = Words> {
  /** Defines the limits; by default there are only `requestsPerMinute` and `concurrentRequests`. */
  readonly vocabulary?: Vocabulary<W>;
  readonly store: LimitStore;
  readonly clock?: Clock;
  /** Makes an id that no other process makes; a random UUID by default. */
  readonly createId?: () => string;
  /** The timer on which leases are renewed. */
  readonly repeat?: Repeat;
}

/** The state of one limit of one grant. */
export interface LimitState {
  readonly name: string;
  /** Whose limit it is: `server policy`, `token ci-bot`. */
  readonly source: string;
  /** The place of the rule that has it, where it is not a limit of the whole grant. */
  readonly rule?: string;
  readonly limit: number;
  /** What is left, never below 0. */
  readonly remaining: number;
  /** In how many whole seconds the limit resets, or some credits come back; absent where no time does that. */
  readonly resetSeconds?: number;
  /** What is counted, where it is not requests: the unit of a budget, or `concurrent-requests`. */
  readonly unit?: string;
  /** The length of the window in seconds; absent where it is a month, or where there is no window. */
  readonly windowSeconds?: number;
}

/** What a request may use: a part of every budget that it counts against. */
export interface Reservation {
  /** How much, from `least` to `wanted`. */
  readonly granted: number;
  /**
   * Reports how much was used, a whole number, and gives back the rest. Use beyond `granted` is counted as well.
   * Only the first call has an effect. A reservation that is never settled counts in full.
   *
   * @throws {AuthError} `AUTH_STORE_UNAVAILABLE`; then it counts in full
   */
  settle(used: number): Promise<void>;
}

/** One admitted request. Release it when the request has ended, also when it failed. */
export interface Admission<Unit extends string = string> extends AsyncDisposable {
  /** The state of every counted limit of every grant when the request was admitted. */
  readonly states: readonly LimitState[];
  /** Whether the request counts against a limit on concurrent requests; otherwise there is nothing to release. */
  readonly holdsPlace: boolean;
  /**
   * Reserves some of a unit before it is used: as much as fits, up to `wanted` and at least `least`, both whole
   * numbers. Where no grant has a budget of that unit, `wanted` is granted.
   *
   * @throws {AuthError} `AUTH_LIMIT_EXCEEDED` when less than `least` fits, and `AUTH_STORE_UNAVAILABLE`
   * @throws {TypeError} when the vocabulary has no budget of this unit
   */
  reserve(unit: Unit, wanted: number, least: number): Promise<Reservation>;
  /** Frees the place of the request. May be called again, and never rejects: a lease that cannot be dropped expires. */
  release(): Promise<void>;
}

/** Counts what requests use against the limits of their callers' grants. */
export interface Meter<Unit extends string = string> extends AsyncDisposable {
  /**
   * Counts a request against the request limits of all grants. When one of them is exceeded, it is counted against
   * none. See `rate()`, `concurrency()` and `credits()`.
   *
   * `cost` is what the request counts as, 1 by default: so many requests, and so many credits.
   *
   * @throws {AuthError} `AUTH_LIMIT_EXCEEDED`, and `AUTH_STORE_UNAVAILABLE` when the store does not answer
   */
  admit(principal: Principal, options?: { readonly cost?: number }): Promise<Admission<Unit>>;
  /**
   * Counts what a decision allowed, once, against the limits of the rules that allowed it (`AllowedDecision.uses`): call
   * it before it is done. When one of them is exceeded, it is counted against none.
   *
   * @throws {AuthError} `AUTH_LIMIT_EXCEEDED`, and `AUTH_STORE_UNAVAILABLE` when the store does not answer
   */
  use(uses: readonly CountedUse[]): Promise<void>;
  /** As `use`, and counts nothing: whether it could be done now. */
  expectUse(uses: readonly CountedUse[]): Promise<void>;
  /** The state of the limits, of grants and of their rules. Counts nothing. @throws `AUTH_STORE_UNAVAILABLE` */
  usage(principal: Principal): Promise<LimitState[]>;
  /** Releases every admission, and closes the store. */
  close(): Promise<void>;
}

/** The retry time for a limit on concurrent requests, where a place may be free at any moment. */
const RETRY_SECONDS = 1;
/** The retry time for credits that do not come back by themselves. */
const SPENT_SECONDS = 86_400;

/**
 * Creates a meter, which enforces the counted limits of grants: requests within a window, concurrent requests, budgets
 * within a window, and credits. Each limit is counted for each grant that has it, and a request must fit all of them.
 *
 * Minutes, hours, days and months are those of UTC, by the store's clock where it has one (PostgreSQL's), else by that of
 * the process. Within one, no limit is ever exceeded, for any number of simultaneous requests and of processes that share
 * the store. Running requests hold leases, which the meter renews, also after a sleep or an outage; the leases of a killed
 * process expire within half a minute. For a caller without such limits, the store is never
 * called.
 *
 * Ceilings and shares are not counted: the caller applies those that the decision returns.
 *
 * @example
 * ```ts
 * import { anonymousPrincipal, budget, createMemoryLimitStore, createMeter, defineVocabulary } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['pages:print'], limits: { pagesPerDay: budget('day') } });
 * const meter = createMeter({ vocabulary, store: createMemoryLimitStore() });
 * const limits = { requestsPerMinute: 60, concurrentRequests: 2, pagesPerDay: 100 };
 * const guest = anonymousPrincipal(vocabulary, { actions: ['pages:print'], limits }, 'guest');
 * {
 *   await using admission = await meter.admit(guest);
 *   const reservation = await admission.reserve('pagesPerDay', 2048, 1);
 *   console.log(reservation.granted); // 100
 *   await reservation.settle(42);
 * }
 * await meter.close();
 * ```
 */
export function createMeter<W extends Words = CoreWords>(options: MeterOptions<W>): Meter<BudgetUnit<W>> {
  requirePart('createMeter', 'store', options?.store, ['take', 'read', 'adjust']);
  const { clock = systemClock, createId = () => crypto.randomUUID(), repeat = systemRepeat } = options;
  const { limits: defined, resources } = options.vocabulary ?? coreVocabulary;
  const definitions = readDefinitions(defined);
  const reserved = [...definitions.values()].filter((definition) => definition !== null && isReserved(definition));
  const units = new Set(reserved.map((definition) => definition?.unit));
  const store = guardLimitStore(options.store);
  const time = (): number | Promise<number> => store.now?.() ?? clock().getTime();
  const keeper = createLeaseKeeper(store, time, repeat);

  async function reserveUnit(authority: Authority, unit: string, wanted: number, least: number): Promise<Reservation> {
    if (!units.has(unit)) throw new TypeError(`the vocabulary has no budget of ${JSON.stringify(unit)}`);
    checkWholeNumber('least', least, 0);
    checkWholeNumber('wanted', wanted, least);
    if (!hasLimits(authority)) return reserve(wanted, async () => undefined);
    const now = await time();
    const limits = listCountedLimits(definitions, authority, now).filter(isBudgetOf(unit));
    if (limits.length === 0) return reserve(wanted, async () => undefined);
    const claims = limits.map(({ counter, limit }) => ({ ...counter, amount: wanted, limit, least }));
    const takings = readTakings(await store.take(claims, now), limits, now);
    const granted = Math.min(...takings.map(({ amount }) => amount));
    return reserve(granted, (amount) => store.adjust(limits.map(({ counter }) => ({ ...counter, amount }))));
  }

  async function admit({ authority }: Principal, { cost = 1 }: { readonly cost?: number } = {}): Promise<Admission> {
    checkWholeNumber('cost', cost, 0);
    if (!hasLimits(authority)) return admission(authority, NO_STATES);
    // Awaited only where the store has to be asked for it: every request waits for this.
    const asked = time();
    const now = typeof asked === 'number' ? asked : await asked;
    const limits = listCountedLimits(definitions, authority, now);
    if (limits.length === 0) return admission(authority, NO_STATES);
    // What runs here must count before another is let in.
    if (keeper.isBehind(now)) await keeper.renew();
    const leased = limits.some(isLeaseLimit);
    const leaseId = leased ? createId() : NO_LEASE;
    const claims = limits.map((limit) => claimRequest(limit, cost, leaseId, now + LEASE_MILLISECONDS));
    const answer = store.take(claims, now);
    const takings = readTakings('taken' in answer ? answer : await answer, limits, now);
    const states = pair(limits, takings).map(([limit, { used }]) => stateOf(limit, used, now));
    if (leased) keeper.hold(leaseId, keysOfLeases(limits), now + LEASE_MILLISECONDS);
    return admission(authority, states, leased ? leaseId : undefined);
  }

  function admission(authority: Authority, states: readonly LimitState[], leaseId?: string): Admission {
    const release = leaseId === undefined ? releaseNothing : () => keeper.release(leaseId);
    return {
      states,
      holdsPlace: leaseId !== undefined,
      reserve: (unit, wanted, least) => reserveUnit(authority, unit, wanted, least),
      release,
      [Symbol.asyncDispose]: release,
    };
  }

  async function use(uses: readonly CountedUse[]): Promise<void> {
    if (uses.length === 0) return;
    const now = await time();
    const limits = countUses(uses, now);
    const claims = limits.map(({ counter, limit }) => ({ ...(counter as WindowCounter), amount: 1, limit }));
    readTakings(await store.take(claims, now), limits, now);
  }

  async function expectUse(uses: readonly CountedUse[]): Promise<void> {
    if (uses.length === 0) return;
    const now = await time();
    const limits = countUses(uses, now);
    const used = await store.read(
      limits.map(({ counter }) => counter),
      now,
    );
    const refused = pair(limits, used).flatMap(([{ limit }, amount], index) => (amount < limit ? [] : [index]));
    if (refused.length > 0) readTakings({ taken: false, refused }, limits, now);
  }

  async function usage({ authority }: Principal): Promise<LimitState[]> {
    const uses = listRuleUses({ resources }, authority);
    if (!hasLimits(authority) && uses.length === 0) return [];
    const now = await time();
    const limits = [...listCountedLimits(definitions, authority, now), ...countUses(uses, now)];
    if (limits.length === 0) return [];
    const counters = limits.map(({ counter }) => counter);
    return pair(limits, await store.read(counters, now)).map(([limit, used]) => stateOf(limit, used, now));
  }

  async function close(): Promise<void> {
    await keeper.releaseAll();
    await store.close();
  }

  const meter: Meter = { admit, use, expectUse, usage, close, [Symbol.asyncDispose]: close };
  return meter;
}

/** The lease id of a request that holds no lease. */
const NO_LEASE = '';

const NO_STATES: readonly LimitState[] = Object.freeze([]);

async function releaseNothing(): Promise<void> {}

/** What the claims got, one for each limit. Throws for the limit with the longest wait when they were refused. */
function readTakings(answer: TakeAnswer, limits: readonly CountedLimit[], now: number): readonly Taking[] {
  if (answer.taken) return answer.takings;
  const [longest] = limits
    .filter((_, index) => answer.refused.includes(index))
    .map((limit) => ({ ...limit, seconds: secondsToRetry(limit, now) }))
    .sort((left, right) => right.seconds - left.seconds);
  if (longest === undefined) throw new StoreUnavailableError('the limit store refuses without saying what');
  throw new LimitExceededError(longest.name, longest.source, longest.seconds, longest.rule);
}

/** When to try again: where no time makes room, a lease may end soon, and credits may be given by an operator. */
function secondsToRetry(limit: CountedLimit, now: number): number {
  return secondsToReset(limit, now) ?? (limit.definition.kind === 'credit' ? SPENT_SECONDS : RETRY_SECONDS);
}

/** Whether any grant limits anything; otherwise nothing is asked for. */
function hasLimits(authority: Authority): boolean {
  return authority.some(({ grant }) => grant.limits !== undefined);
}

function keysOfLeases(limits: readonly CountedLimit[]): readonly string[] {
  return limits.filter(isLeaseLimit).map(({ counter }) => counter.key);
}

function isLeaseLimit({ counter }: CountedLimit): boolean {
  return counter.kind === 'lease';
}

function isBudgetOf(unit: string) {
  return (limit: CountedLimit): limit is CountedLimit & { readonly counter: WindowCounter | CreditCounter } =>
    isReserved(limit.definition) && limit.definition.unit === unit;
}

/** Whether a limit is used by reservations, and not by the request itself. */
function isReserved({ kind, unit }: CountedDefinition): boolean {
  return kind === 'budget' || (kind === 'credit' && unit !== undefined);
}

/** What the admission of a request uses. What is reserved is only read: its use is counted by reservations. */
function claimRequest(
  { definition, counter, limit }: CountedLimit,
  cost: number,
  leaseId: string,
  expiresAt: number,
): Claim {
  if (counter.kind === 'lease') return { kind: 'lease', key: counter.key, leaseId, expiresAt, limit };
  return { ...counter, amount: isReserved(definition) ? 0 : cost, limit };
}

function stateOf(counted: CountedLimit, used: number, now: number): LimitState {
  const { name, definition, source, rule, limit } = counted;
  const { unit, windowSeconds } = definition;
  const resetSeconds = secondsToReset(counted, now);
  return {
    name,
    source,
    ...(rule !== undefined && { rule }),
    limit,
    remaining: Math.max(0, limit - used),
    ...(resetSeconds !== undefined && { resetSeconds }),
    ...(unit !== undefined && { unit }),
    ...(windowSeconds !== undefined && { windowSeconds }),
  };
}

function reserve(granted: number, adjust: (amount: number) => Promise<void>): Reservation {
  let settled: Promise<void> | undefined;
  return {
    granted,
    async settle(used) {
      checkWholeNumber('used', used, 0);
      // Never twice, not even after a failure: the store may still have applied the first adjustment.
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
