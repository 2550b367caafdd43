/** The windows in which use is counted: those of UTC, one after the other. */
export type Window = 'minute' | 'hour' | 'day' | 'month';

/** A maximum number of requests within a window. */
export interface RateLimit {
  readonly kind: 'rate';
  readonly window: Window;
}

/** A maximum amount within a window. Requests reserve from it before they use it, and settle afterwards. */
export interface BudgetLimit<Unit extends string | undefined = string | undefined> {
  readonly kind: 'budget';
  readonly window: Window;
  /** The unit that is reserved; budgets of one unit are reserved together. Absent: the limit's own name. */
  readonly unit: Unit;
}

/** How many credits come back, and how often. */
export interface Refill {
  /** How many credits come back at the beginning of each interval; a token never has more than its grant says. */
  readonly amount: number;
  readonly interval: Window;
}

/** An amount that is used up. */
export interface CreditLimit<Unit extends string | undefined = string | undefined> {
  readonly kind: 'credit';
  /** Absent: spent credits do not come back. */
  readonly refill?: Refill;
  /** The unit that is reserved; absent: each request spends its cost. */
  readonly unit: Unit;
}

/** A maximum number of concurrent requests. */
export interface ConcurrencyLimit {
  readonly kind: 'concurrency';
}

/**
 * A maximum within one request. It is not counted: a decision reports the least of all grants, and the server applies
 * it.
 */
export interface CeilingLimit {
  readonly kind: 'ceiling';
}

/** A share relative to that of others, above 0; 1 where a grant does not say. It is not counted. */
export interface ShareLimit {
  readonly kind: 'share';
}

/** How a limit of a grant is read, compared and enforced. */
export type Limit = RateLimit | BudgetLimit | CreditLimit | ConcurrencyLimit | CeilingLimit | ShareLimit;

/**
 * A limit on how many requests are admitted within a window.
 *
 * @example
 * ```ts
 * import { defineVocabulary, rate } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ limits: { requestsPerHour: rate('hour') } });
 * vocabulary.parseGrant({ actions: ['*'], limits: { requestsPerHour: 1000 } });
 * ```
 */
export function rate(window: Window): RateLimit {
  return Object.freeze({ kind: 'rate', window: checkWindow(window) });
}

/**
 * A limit on what is used within a window, where a request knows only afterwards how much it was: it reserves before,
 * and settles after. A request that reserves some of a unit reserves it from every budget of that unit.
 *
 * @param unit what is reserved: the name of the limit itself by default
 * @example
 * ```ts
 * import { budget, defineVocabulary } from '@latchkey/auth-core';
 *
 * const limits = { pagesPerDay: budget('day', 'pages'), pagesPerMonth: budget('month', 'pages') };
 * const vocabulary = defineVocabulary({ limits });
 * vocabulary.parseGrant({ actions: ['*'], limits: { pagesPerDay: 100, pagesPerMonth: 1000 } });
 * ```
 */
export function budget(window: Window): BudgetLimit<undefined>;
export function budget<const Unit extends string>(window: Window, unit: Unit): BudgetLimit<Unit>;
export function budget(window: Window, unit?: string): BudgetLimit {
  return Object.freeze({ kind: 'budget', window: checkWindow(window), unit });
}

/**
 * Credits, which run out: a grant says how many there are at first and at most. Each request spends its cost (see
 * `Meter.admit`), or, with a `unit`, what it reserves of that unit. With a `refill`, some come back at the beginning of
 * each minute, hour, day or month of UTC. A derived token also draws from the credits of the tokens that it was derived
 * from.
 *
 * @example
 * ```ts
 * import { credits, defineVocabulary } from '@latchkey/auth-core';
 *
 * const limits = { trial: credits(), credits: credits({ refill: { amount: 100, interval: 'day' } }) };
 * const vocabulary = defineVocabulary({ limits });
 * vocabulary.parseGrant({ actions: ['*'], limits: { credits: 500 } }); // 500 at first and at most, 100 more each day
 * ```
 */
export function credits(options?: { readonly refill?: Refill }): CreditLimit<undefined>;
export function credits<const Unit extends string>(options: {
  readonly refill?: Refill;
  readonly unit: Unit;
}): CreditLimit<Unit>;
export function credits({ refill, unit }: { readonly refill?: Refill; readonly unit?: string } = {}): CreditLimit {
  return Object.freeze({ kind: 'credit', ...(refill !== undefined && { refill: checkRefill(refill) }), unit });
}

/** A limit on how many requests run at once. */
export function concurrency(): ConcurrencyLimit {
  return Object.freeze({ kind: 'concurrency' });
}

/** A limit on what one request may use, which the server holds to: see `AllowedDecision.limits`. */
export function ceiling(): CeilingLimit {
  return Object.freeze({ kind: 'ceiling' });
}

/** A share relative to that of others. A grant that names not every action gives away no more than the usual one. */
export function share(): ShareLimit {
  return Object.freeze({ kind: 'share' });
}

function checkRefill({ amount, interval }: Refill): Refill {
  if (!Number.isSafeInteger(amount) || amount < 1) {
    throw new TypeError('the amount of a refill must be a whole number, at least 1');
  }
  return Object.freeze({ amount, interval: checkWindow(interval) });
}

const WINDOWS: readonly Window[] = ['minute', 'hour', 'day', 'month'];

function checkWindow(window: Window): Window {
  if (WINDOWS.includes(window)) return window;
  throw new TypeError(`a window must be one of ${WINDOWS.join(', ')}`);
}
