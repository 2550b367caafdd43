/** The largest pattern that a grant may hold: room for `^.{1,1000}$`, and for a few such in a row. */
export const MAXIMUM_PATTERN_SIZE = 2000;
/** The dearest pattern that is made ready, in steps: about a sixtieth of a second. */
export const MAXIMUM_PATTERN_COST = 4_000_000;

const COUNT = /^\{(\d{1,5})(?:,(\d{0,5}))?\}/;

const STEPS_A_PART = 1000;
const STEPS_A_CHARACTER_OF_A_CLASS = 200;
/** A table of hundreds of ranges is looked up, copied and sorted. */
const STEPS_A_PROPERTY = 125_000;
/** Where case does not count, each character of a range is looked up by itself. */
const STEPS_A_FOLDED_CHARACTER = 250;

/** What a pattern costs, as far as its text says. */
export interface PatternCost {
  /**
   * How many parts it has once its counted repetitions are written out, at the most: `(ab{3}){10}` has 40. It is what a linear
   * engine does for each character of a text.
   */
  readonly size: number;
  /** What it takes to make it ready, in steps. */
  readonly compiling: number;
}

/**
 * Reads what a pattern costs before anything is made of it. On the safe side: what it does not understand it counts as more.
 * Infinite for `\Q…\E`, whose brackets mean nothing.
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

/** `(?i)`, `(?s-i:…)` and the like: whichever part it holds for, all of the pattern is priced by it. */
const FOLDS_CASE = /\(\?[A-Za-z-]{0,8}i/;

/** Where a character, an escape or a class ends: a class no later than at its first bracket. */
function endOfPart(pattern: string, start: number): number {
  if (pattern[start] === '\\') return start + 2;
  if (pattern[start] !== '[') return start + 1;
  let at = start + 1;
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** What the tables of characters take that an escape or a class means. */
function tableCost(part: string, foldsCase: boolean): number {
  const properties = part.match(/\\[pP]/g)?.length ?? 0;
  const ofProperties = properties * STEPS_A_PROPERTY * (foldsCase ? 2 : 1);
  if (!part.startsWith('[')) return ofProperties;
  const ranges = foldsCase ? foldedCharacters(part) * STEPS_A_FOLDED_CHARACTER : 0;
  return ofProperties + part.length * STEPS_A_CHARACTER_OF_A_CLASS + ranges;
}

const CHARACTER = String.raw`\\x\{[0-9a-fA-F]{1,6}\}|\\x[0-9a-fA-F]{2}|\\[0-7]{1,3}|\\.|[^\\]`;
const RANGE = new RegExp(`(${CHARACTER})-(${CHARACTER})`, 'gsu');

/** How many characters the ranges of a class have. */
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
