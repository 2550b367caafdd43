/** The largest pattern that a grant may contain: room for `^.{1,1000}$`, and for a few of these in a row. */
export const MAXIMUM_PATTERN_SIZE = 2000;
/** The most steps for compiling a pattern: about a sixtieth of a second. */
export const MAXIMUM_PATTERN_COST = 4_000_000;

const COUNT = /^\{(\d{1,5})(?:,(\d{0,5}))?\}/;

const STEPS_A_PART = 1000;
const STEPS_A_CHARACTER_OF_A_CLASS = 200;
/** A table of hundreds of ranges is looked up, copied and sorted. */
const STEPS_A_PROPERTY = 125_000;
/** In a case-insensitive pattern, each character of a range is looked up individually. */
const STEPS_A_FOLDED_CHARACTER = 250;

/** The cost of a pattern, estimated from its text. */
export interface PatternCost {
  /**
   * The most parts that it has once its counted repetitions are expanded: `(ab{3}){10}` has 40. A linear engine does
   * this much work for each character of a text.
   */
  readonly size: number;
  /** The steps for compiling it. */
  readonly compiling: number;
}

/**
 * Estimates the cost of a pattern before it is compiled. It errs on the safe side: unknown syntax is counted as more.
 * Infinite for `\Q…\E`, where brackets are literal.
 */
export function patternCost(pattern: string): PatternCost {
  if (pattern.includes('\\Q')) return { size: Number.POSITIVE_INFINITY, compiling: Number.POSITIVE_INFINITY };
  const foldsCase = FOLDS_CASE.test(pattern);
  /** The sizes of the open groups, the innermost last. */
  const open = [0];
  let last = 0;
  let tables = 0;
  const add = (size: number) => open.push((open.pop() ?? 0) + size);
  for (let at = 0; at < pattern.length; ) {
    const count = pattern[at] === '{' ? COUNT.exec(pattern.slice(at, at + 14)) : null;
    if (count !== null) {
      const [written, least, most] = count;
      const times = Math.max(Number(least), Number(most ?? 0));
      add(last * (times - 1));
      last *= times;
      at += written.length;
    } else if (pattern[at] === '(') {
      open.push(0);
      at++;
    } else {
      last = pattern[at] === ')' && open.length > 1 ? (open.pop() ?? 0) + 1 : 1;
      add(last);
      const end = endOfPart(pattern, at);
      tables += tableCost(pattern.slice(at, end), foldsCase);
      at = end;
    }
  }
  const size = open.reduce((sum, part) => sum + part, 0);
  return { size, compiling: size * STEPS_A_PART + tables };
}

/** `(?i)`, `(?s-i:…)` and similar flags: even if one applies to only a part, the whole pattern is counted by it. */
const FOLDS_CASE = /\(\?[A-Za-z-]{0,8}i/;

/** The end of a character, an escape or a class; a class ends at its first closing bracket at the latest. */
function endOfPart(pattern: string, start: number): number {
  if (pattern[start] === '\\') return start + 2;
  if (pattern[start] !== '[') return start + 1;
  let at = start + 1;
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The steps for the character tables of an escape or a class. */
function tableCost(part: string, foldsCase: boolean): number {
  const properties = part.match(/\\[pP]/g)?.length ?? 0;
  const ofProperties = properties * STEPS_A_PROPERTY * (foldsCase ? 2 : 1);
  if (!part.startsWith('[')) return ofProperties;
  const ranges = foldsCase ? foldedCharacters(part) * STEPS_A_FOLDED_CHARACTER : 0;
  return ofProperties + part.length * STEPS_A_CHARACTER_OF_A_CLASS + ranges;
}

const CHARACTER = String.raw`\\x\{[0-9a-fA-F]{1,6}\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|[^\\]`;
const RANGE = new RegExp(`(${CHARACTER})-(${CHARACTER})`, 'gsu');

/** The number of characters in the ranges of a class. */
function foldedCharacters(part: string): number {
  let count = 0;
  for (const [, first = '', last = ''] of part.replace(/^\[\^?/, '').matchAll(RANGE)) {
    count += Math.max(0, readCharacter(last) - readCharacter(first));
  }
  return count;
}

function readCharacter(written: string): number {
  if (written.startsWith('\\x')) return Number.parseInt(written.replace(/[\\x{}]/g, ''), 16);
  if (/^\\[0-7]/.test(written)) return Number.parseInt(written.slice(1), 8);
  return written.codePointAt(written.startsWith('\\') ? 1 : 0) ?? 0;
}
