/** A wildcard for a text that differs from call to call: an id, a number, a type. */
export const ANY = '\ufdd1';
/** A placeholder for the argument's name. */
export const KEY = '\ufdd2';

/** The match of a pattern at the beginning of a text: its length, or `more` when more text is needed to decide. */
export type Fit = number | 'more' | undefined;

/** The longest text that a wildcard matches. */
const ANY_LIMIT = 200;

/**
 * Matches `pattern` at the beginning of `text`. Leading space is ignored, and space in the pattern matches any space or
 * none.
 */
export function fit(pattern: string, text: string, key = ''): Fit {
  const parts = pattern.replaceAll(KEY, key).trim().split(ANY);
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const end = index === 0 ? fitPart(part, text, at) : fitAnywhere(part, text, at);
    if (typeof end !== 'number') return end;
    at = end;
  }
  return at;
}

/** The first place from `from` on where `pattern` matches; `more` with the place from which it may match. */
export function find(
  pattern: string,
  text: string,
  key = '',
): { readonly start: number; readonly end: Fit } | undefined {
  const [first = ''] = pattern.replaceAll(KEY, key).trim();
  for (let start = 0; start < text.length; start += 1) {
    if (first !== ANY && !text.startsWith(first, start)) continue;
    const end = fit(pattern, text.slice(start), key);
    if (end === undefined) continue;
    return { start, end: typeof end === 'number' ? start + end : end };
  }
  return undefined;
}

function fitAnywhere(part: string, text: string, from: number): Fit {
  if (part.trim() === '') return from;
  for (let at = from; at <= text.length && at - from <= ANY_LIMIT; at += 1) {
    const end = fitPart(part, text, at);
    if (end !== undefined) return end;
  }
  return text.length - from <= ANY_LIMIT ? 'more' : undefined;
}

function fitPart(part: string, text: string, from: number): Fit {
  let at = from;
  const skip = (): void => {
    while (/\s/.test(text[at] ?? '')) at += 1;
  };
  skip();
  for (const character of part) {
    if (/\s/.test(character)) {
      skip();
      continue;
    }
    if (at >= text.length) return 'more';
    if (!text.startsWith(character, at)) {
      // The text has a space that the pattern does not have.
      return undefined;
    }
    at += character.length;
  }
  return at;
}

/** One pattern for two texts that differ in one place, with a wildcard at that place. */
export function merge(left: string, right: string): string {
  if (left === right) return left;
  const start = commonPrefix(left, right).length;
  const rest = (text: string): string => text.slice(start);
  const end = commonSuffix(rest(left), rest(right)).length;
  return left.slice(0, start) + ANY + left.slice(left.length - end);
}

export function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return left.slice(0, length);
}

export function commonSuffix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && length < right.length && left.at(-1 - length) === right.at(-1 - length)) length += 1;
  return left.slice(left.length - length);
}

/** Removes the beginning of a tag at the end: different tags may begin with the same characters. */
export function withoutTagBegun(text: string): string {
  const open = Math.max(text.lastIndexOf('<'), text.lastIndexOf('['));
  const close = Math.max(text.lastIndexOf('>'), text.lastIndexOf(']'));
  return open > close ? text.slice(0, open) : text;
}

/** Removes the end of a tag at the beginning: different tags may end with the same characters. */
export function withoutTagEnded(text: string): string {
  const close = text.search(/[>\]]/);
  const open = text.search(/[<[]/);
  return close >= 0 && (open < 0 || close < open) ? text.slice(close + 1) : text;
}
