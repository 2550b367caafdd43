import { digitsBetween, integerRange } from './integer-range.ts';

/** Bounds of numbers; an absent one means no bound. */
export interface NumberBounds {
  readonly least?: number | undefined;
  readonly most?: number | undefined;
  /** Whether the bound itself is not allowed. */
  readonly leastIsOpen?: boolean;
  readonly mostIsOpen?: boolean;
}

/** Digits that follow a fraction that is right already. */
const MORE = '[0-9]{0,12}';
const FRACTION = `("." [0-9]{1,15})?`;

/**
 * The body of a rule for the numbers within bounds, written without an exponent. `none` when there are none; undefined
 * for bounds that cannot be compared digit by digit.
 */
export function numberRange(bounds: NumberBounds): string | 'none' | undefined {
  const { least, most, leastIsOpen = false, mostIsOpen = false } = bounds;
  if ([least, most].some((bound) => bound !== undefined && split(bound) === undefined)) return undefined;
  const low = least ?? Number.NEGATIVE_INFINITY;
  const high = most ?? Number.POSITIVE_INFINITY;
  const alternatives: string[] = [];
  if (high > 0 || (high === 0 && !mostIsOpen)) {
    const from = low < 0 ? { value: 0, isOpen: false } : { value: low, isOpen: leastIsOpen };
    alternatives.push(...positive(from, { value: high, isOpen: mostIsOpen }));
  }
  if (low < 0) {
    // Minus zero is not written.
    const from = high >= 0 ? { value: 0, isOpen: true } : { value: -high, isOpen: mostIsOpen };
    const digits = positive(from, { value: -low, isOpen: leastIsOpen });
    alternatives.push(...digits.map((text) => `"-" (${text})`));
  }
  return alternatives.length === 0 ? 'none' : alternatives.join(' | ');
}

interface Bound {
  readonly value: number;
  readonly isOpen: boolean;
}

/** Rules for the numbers between two bounds of at least 0; the second may be infinite. */
function positive(low: Bound, high: Bound): string[] {
  if (low.value > high.value || (low.value === high.value && (low.isOpen || high.isOpen))) return [];
  const [from, fromFraction] = split(low.value) ?? [0, ''];
  if (high.value === Number.POSITIVE_INFINITY) {
    return [`"${from}" ${above(fromFraction, low.isOpen)}`, `(${integerRange(from + 1, undefined)}) ${FRACTION}`];
  }
  const [to, toFraction] = split(high.value) ?? [0, ''];
  if (from === to) {
    const between = fractionsBetween(fromFraction, toFraction, low.isOpen, high.isOpen);
    return between === undefined ? [] : [`"${from}" ${between}`];
  }
  const inside = from + 1 <= to - 1 ? [`(${integerRange(from + 1, to - 1)}) ${FRACTION}`] : [];
  const upper = below(toFraction, high.isOpen);
  return [
    `"${from}" ${above(fromFraction, low.isOpen)}`,
    ...inside,
    ...(upper === undefined ? [] : [`"${to}" ${upper}`]),
  ];
}

/** The fractions from `digits` on. */
function above(digits: string, isOpen: boolean): string {
  if (digits === '') return isOpen ? `"." "0"{0,6} [1-9] ${MORE}` : FRACTION;
  const next = increment(digits);
  const larger =
    next === undefined ? [] : digitsBetween(next, '9'.repeat(digits.length)).map((text) => `${text} ${MORE}`);
  const same = isOpen ? `"${digits}" "0"{0,6} [1-9]` : `"${digits}" ${MORE}`;
  return `"." (${[...larger, same].join(' | ')})`;
}

/** The fractions up to `digits`; undefined when there are none. */
function below(digits: string, isOpen: boolean): string | undefined {
  if (digits === '') return isOpen ? undefined : '("." "0"{1,6})?';
  const last = decrement(digits);
  const smaller =
    last === undefined ? [] : digitsBetween('0'.repeat(digits.length), last).map((text) => `${text} ${MORE}`);
  const same = isOpen ? [] : [`"${digits}" "0"{0,6}`];
  const all = [...smaller, ...same];
  return all.length === 0 ? '' : `("." (${all.join(' | ')}))?`;
}

function fractionsBetween(from: string, to: string, fromIsOpen: boolean, toIsOpen: boolean): string | undefined {
  const length = Math.max(from.length, to.length);
  if (length === 0) return '("." "0"{1,6})?';
  const [low, high] = [from.padEnd(length, '0'), to.padEnd(length, '0')];
  if (low === high) return `"." "${low}" "0"{0,6}`;
  const last = decrement(high) ?? '0'.repeat(length);
  const first = fromIsOpen ? (increment(low) ?? low) : low;
  const inner = first <= last ? digitsBetween(first, last).map((text) => `${text} ${MORE}`) : [];
  const opened = fromIsOpen ? [`"${low}" "0"{0,6} [1-9]`] : [];
  const top = toIsOpen ? [] : [`"${high}" "0"{0,6}`];
  const whole = from === '' && !fromIsOpen ? '?' : '';
  return `("." (${[...inner, ...opened, ...top].join(' | ')}))${whole}`;
}

/** A number of at least 0 as its whole part and the digits after the point. */
function split(value: number): readonly [number, string] | undefined {
  const [, whole = '', fraction = ''] = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(String(Math.abs(value))) ?? [];
  return whole === '' ? undefined : [Number(whole), fraction];
}

/** The next text of as many digits; undefined after the last one. */
function increment(digits: string): string | undefined {
  const next = (BigInt(digits) + 1n).toString();
  return next.length > digits.length ? undefined : next.padStart(digits.length, '0');
}

function decrement(digits: string): string | undefined {
  const value = BigInt(digits);
  return value === 0n ? undefined : (value - 1n).toString().padStart(digits.length, '0');
}
