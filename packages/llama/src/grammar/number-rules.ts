import type { GrammarRules } from './grammar-rules.ts';
import { integerRange } from './integer-range.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { numberRange } from './number-range.ts';

/** Multiples within bounds are written one by one up to this many. */
const MOST_MULTIPLES = 1000;
/** Multiples without bounds have a rule for each remainder. */
const MOST_REMAINDERS = 100;
const KEYWORDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const;

/** The name of a rule for the numbers of a schema, or undefined when there are none. */
export function numberRule(rules: GrammarRules, schema: JsonSchema): string | undefined {
  const { multipleOf } = schema;
  if (multipleOf !== undefined) {
    if (typeof multipleOf === 'number' && Number.isSafeInteger(multipleOf) && multipleOf > 0) {
      return integerRule(rules, schema);
    }
    rules.leave('multipleOf');
  }
  if (KEYWORDS.every((keyword) => typeof schema[keyword] !== 'number')) return 'number';
  const [least, leastIsOpen] = tighter(schema.minimum, schema.exclusiveMinimum, (one, other) => other >= one);
  const [most, mostIsOpen] = tighter(schema.maximum, schema.exclusiveMaximum, (one, other) => other <= one);
  const body = numberRange({ least, most, leastIsOpen, mostIsOpen });
  if (body === 'none') return undefined;
  if (body !== undefined) return rules.add('number', body);
  leaveBounds(rules, schema);
  return 'number';
}

/** The same for integers. */
export function integerRule(rules: GrammarRules, schema: JsonSchema): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const lows = [bound(minimum, Math.ceil), bound(exclusiveMinimum, (limit) => Math.floor(limit) + 1)];
  const highs = [bound(maximum, Math.floor), bound(exclusiveMaximum, (limit) => Math.ceil(limit) - 1)];
  if ([...lows, ...highs].includes('unwritable')) leaveBounds(rules, schema);
  const least = Math.max(...lows.filter((low) => typeof low === 'number'), Number.NEGATIVE_INFINITY);
  const most = Math.min(...highs.filter((high) => typeof high === 'number'), Number.POSITIVE_INFINITY);
  if (least > most) return undefined;
  const isBounded = Number.isFinite(least) || Number.isFinite(most);
  if (multipleOf !== undefined && multipleOf !== 1) {
    if (typeof multipleOf !== 'number' || !Number.isSafeInteger(multipleOf) || multipleOf <= 0) {
      rules.leave('multipleOf');
    } else if (Number.isFinite(least) && Number.isFinite(most) && (most - least) / multipleOf <= MOST_MULTIPLES) {
      const all: string[] = [];
      for (let factor = Math.ceil(least / multipleOf); factor * multipleOf <= most; factor += 1) {
        all.push(`"${factor * multipleOf + 0}"`);
      }
      rules.spend(all.length);
      return all.length === 0 ? undefined : rules.add('integer', all.join(' | '));
    } else if (!isBounded && multipleOf <= MOST_REMAINDERS) {
      return multiples(rules, multipleOf);
    } else rules.leave('multipleOf');
  }
  if (!isBounded) return 'integer';
  const body = integerRange(finite(least), finite(most));
  return body === undefined ? undefined : rules.add('integer', body);
}

/** A rule for each remainder: digits are read from the left, and the last remainder must be 0. */
function multiples(rules: GrammarRules, divisor: number): string {
  rules.spend(divisor * 10);
  const names = Array.from({ length: divisor }, () => rules.reserve('remainder'));
  const digits = (from: number, remainder: number): string[] =>
    Array.from({ length: 10 - from }, (_, index) => {
      const digit = from + index;
      return `"${digit}" ${names[(remainder * 10 + digit) % divisor]}`;
    });
  for (const [remainder, name] of names.entries()) {
    rules.define(name, [...digits(0, remainder), ...(remainder === 0 ? ['""'] : [])].join(' | '));
  }
  return rules.add('integer', `"0" | "-"? (${digits(1, 0).join(' | ')})`);
}

function leaveBounds(rules: GrammarRules, schema: JsonSchema): void {
  for (const keyword of KEYWORDS) if (schema[keyword] !== undefined) rules.leave(keyword);
}

/** A bound as an integer; `unwritable` when digits do not express it. */
function bound(limit: unknown, round: (limit: number) => number): number | 'unwritable' | undefined {
  if (typeof limit !== 'number') return undefined;
  const rounded = round(limit);
  // Adding 0 turns -0 into 0.
  return Number.isSafeInteger(rounded) ? rounded + 0 : 'unwritable';
}

function tighter(
  closed: unknown,
  open: unknown,
  isTighter: (one: number, other: number) => boolean,
): readonly [number | undefined, boolean] {
  const [one, other] = [closed, open].map((limit) => (typeof limit === 'number' ? limit : undefined));
  if (other !== undefined && (one === undefined || isTighter(one, other))) return [other, true];
  return [one, false];
}

const finite = (limit: number): number | undefined => (Number.isFinite(limit) ? limit : undefined);
