/** The most digits of an integer without a bound. */
const MOST_DIGITS = 100;

/**
 * The body of a rule for the integers from `least` to `most`, both included; undefined when there are none. Bounds are
 * safe integers; an absent one means no bound.
 */
export function integerRange(least: number | undefined, most: number | undefined): string | undefined {
  const low = least ?? Number.NEGATIVE_INFINITY;
  const high = most ?? Number.POSITIVE_INFINITY;
  const alternatives: string[] = [];
  // Zero is only written as 0, so negative numbers begin at -1.
  if (low < 0) alternatives.push(...naturals(Math.max(1, -high), -low).map((digits) => `"-" ${digits}`));
  if (high >= 0) alternatives.push(...naturals(Math.max(0, low), high));
  return alternatives.length === 0 ? undefined : alternatives.join(' | ');
}

/** Patterns for the integers from `low`, 0 or more, to `high`, which may be infinite. */
function naturals(low: number, high: number): string[] {
  if (low > high) return [];
  const first = String(low);
  const last = high === Number.POSITIVE_INFINITY ? undefined : String(high);
  const patterns: string[] = [];
  for (let length = first.length; length <= (last?.length ?? first.length); length += 1) {
    const from = length === first.length ? first : `1${'0'.repeat(length - 1)}`;
    const to = length === last?.length ? last : '9'.repeat(length);
    patterns.push(...digitsBetween(from, to));
  }
  if (last === undefined && first.length < MOST_DIGITS)
    patterns.push(`[1-9] [0-9]{${first.length},${MOST_DIGITS - 1}}`);
  return patterns;
}

/** Patterns for the numbers from one to another with the same number of digits. */
export function digitsBetween(from: string, to: string): string[] {
  if (from === to) return [`"${from}"`];
  const rest = from.length - 1;
  const any = rest === 0 ? '' : ` [0-9]{${rest}}`;
  let [low, high] = [Number(from[0]), Number(to[0])];
  if (low === high) return digitsBetween(from.slice(1), to.slice(1)).map((tail) => `"${low}" ${tail}`);
  const below: string[] = [];
  const above: string[] = [];
  if (rest > 0 && !/^0*$/.test(from.slice(1))) {
    below.push(...digitsBetween(from.slice(1), '9'.repeat(rest)).map((tail) => `"${from[0]}" ${tail}`));
    low += 1;
  }
  if (rest > 0 && !/^9*$/.test(to.slice(1))) {
    above.push(...digitsBetween('0'.repeat(rest), to.slice(1)).map((tail) => `"${to[0]}" ${tail}`));
    high -= 1;
  }
  const middle = low > high ? [] : [low === high ? `"${low}"${any}` : `[${low}-${high}]${any}`];
  return [...below, ...middle, ...above];
}
