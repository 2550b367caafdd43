import type { Authority } from '../authority/authority.ts';
import type { CountedUse } from '../authority/decision.ts';
import type { Limit, Window } from '../authority/limit.ts';
import type { Counter } from './limit-store.ts';

/** The definition of a limit that is counted over requests. */
export interface CountedDefinition {
  readonly kind: 'rate' | 'budget' | 'credit' | 'concurrency';
  readonly window?: Window;
  /** How many credits come back at the beginning of each window; absent: none. */
  readonly refill?: number;
  /** What is counted, where it is not requests. */
  readonly unit?: string;
  /** The length of the window in seconds; absent for a month, whose length varies. */
  readonly windowSeconds?: number;
}

/** The limits that are counted over requests; null for those that are not. */
export type CountedDefinitions = ReadonlyMap<string, CountedDefinition | null>;

/** A limit of one grant of an authority, and where its use is counted. */
export interface CountedLimit {
  readonly name: string;
  readonly definition: CountedDefinition;
  readonly source: string;
  /** The place of the rule that has it, where it is not a limit of the whole grant. */
  readonly rule?: string;
  readonly limit: number;
  readonly counter: Counter;
}

/** Reads the limits of a vocabulary. */
export function readDefinitions(limits: Readonly<Record<string, Limit>>): CountedDefinitions {
  return new Map(Object.entries(limits).map(([name, limit]) => [name, readDefinition(name, limit)]));
}

function readDefinition(name: string, limit: Limit): CountedDefinition | null {
  switch (limit.kind) {
    case 'rate':
      return { kind: 'rate', window: limit.window, ...secondsOf(limit.window) };
    case 'budget':
      return { kind: 'budget', window: limit.window, unit: limit.unit ?? name, ...secondsOf(limit.window) };
    case 'credit': {
      const { refill, unit } = limit;
      return {
        kind: 'credit',
        ...(refill !== undefined && { window: refill.interval, refill: refill.amount }),
        ...(unit !== undefined && { unit }),
      };
    }
    case 'concurrency':
      return { kind: 'concurrency', unit: 'concurrent-requests' };
    case 'ceiling':
    case 'share':
      return null;
  }
}

const NONE: readonly CountedLimit[] = [];

/**
 * What is counted for an authority at a time (milliseconds since 1970): the limits of every grant that has an id, since
 * use is counted by that id.
 *
 * @throws {TypeError} when a grant has a limit that is not defined: ignoring it would leave the use unlimited
 */
export function listCountedLimits(
  definitions: CountedDefinitions,
  authority: Authority,
  now: number,
): readonly CountedLimit[] {
  let limits: Map<string, CountedLimit> | undefined;
  for (const { grant, source, id } of authority) {
    if (grant.limits === undefined || id === undefined) continue;
    requireDefined(definitions, grant.limits);
    for (const [name, definition] of definitions) {
      const limit = grant.limits[name];
      if (limit === undefined || definition === null) continue;
      limits ??= new Map();
      const key = `${name} ${id}`;
      // Two grants that count the same use share a counter, and the stricter one decides.
      const other = limits.get(key);
      if (other === undefined || limit < other.limit) {
        limits.set(key, { name, definition, source, limit, counter: counterOf(definition, key, now) });
      }
    }
  }
  return limits === undefined ? NONE : [...limits.values()];
}

/** What is counted for the limits of rules at a time (milliseconds since 1970). */
export function countUses(uses: readonly CountedUse[], now: number): readonly CountedLimit[] {
  const limits = new Map<string, CountedLimit>();
  for (const { name, limit, window, rule, source, id } of uses) {
    const key = `${name} ${id} ${rule}`;
    const other = limits.get(key);
    // As above: of two grants that count the same use, the stricter one decides.
    if (other !== undefined && other.limit <= limit) continue;
    const definition: CountedDefinition = { kind: 'rate', window, ...secondsOf(window) };
    limits.set(key, { name, definition, source, rule, limit, counter: counterOf(definition, key, now) });
  }
  return [...limits.values()];
}

function requireDefined(definitions: CountedDefinitions, limits: object): void {
  for (const name of Object.keys(limits)) {
    if (definitions.has(name)) continue;
    throw new TypeError(`a grant has the limit ${name}, which the vocabulary of the meter lacks`);
  }
}

const WINDOW_MILLISECONDS: Readonly<Record<Exclude<Window, 'month'>, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

function secondsOf(window: Window): { readonly windowSeconds?: number } {
  return window === 'month' ? {} : { windowSeconds: WINDOW_MILLISECONDS[window] / 1000 };
}

/**
 * Windows are the minutes, hours, days and months of UTC. Unlike a sliding window, a fixed one needs a single number,
 * is the same for every process, and ends at a known time. Its disadvantage: a burst may straddle that end.
 */
function counterOf({ kind, window, refill = 0 }: CountedDefinition, key: string, now: number): Counter {
  if (kind === 'credit') return { kind, key, refill, interval: window === undefined ? 0 : intervalAt(window, now) };
  if (window === undefined) return { kind: 'lease', key };
  return { kind: 'window', key, windowEnd: endOfWindow(window, now) };
}

/** Intervals are numbered one after the other, so that two of their numbers say how many lie between them. */
function intervalAt(window: Window, now: number): number {
  if (window !== 'month') return Math.floor(now / WINDOW_MILLISECONDS[window]);
  const date = new Date(now);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** In how many whole seconds a limit gives room again; undefined where that depends on nothing but use. */
export function secondsToReset({ definition: { window } }: CountedLimit, now: number): number | undefined {
  return window === undefined ? undefined : Math.ceil((endOfWindow(window, now) - now) / 1000);
}

function endOfWindow(window: Window, now: number): number {
  if (window !== 'month') return (Math.floor(now / WINDOW_MILLISECONDS[window]) + 1) * WINDOW_MILLISECONDS[window];
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}
