/** The largest pattern that a grant may hold: room for `^.{1,1000}$`, and for a few such in a row. */
export const MAXIMUM_PATTERN_SIZE = 2000;

const COUNT = /^\{(\d+)(?:,(\d*))?\}/;

/**
 * How many parts a pattern has once its counted repetitions are written out, at the most: `(ab{3}){10}` has 40. It is what
 * a linear engine does for each character of a text, and reads a pattern before anything is made of it.
 *
 * On the safe side: what it does not understand it counts as more. Infinite for `\Q…\E`, whose brackets mean nothing.
 */
export function patternSize(pattern: string): number {
  if (pattern.includes('\\Q')) return Number.POSITIVE_INFINITY;
  /** The sizes of the open groups, the innermost last. */
  const open = [0];
  let last = 0;
  const add = (size: number) => open.push((open.pop() ?? 0) + size);
  for (let at = 0; at < pattern.length; ) {
    const count = pattern[at] === '{' ? COUNT.exec(pattern.slice(at)) : null;
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
      at = endOfPart(pattern, at);
    }
  }
  return open.reduce((sum, size) => sum + size, 0);
}

/** Where a character, an escape or a class ends: a class no later than at its first bracket. */
function endOfPart(pattern: string, start: number): number {
  if (pattern[start] === '\\') return start + 2;
  if (pattern[start] !== '[') return start + 1;
  let at = start + 1;
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1;
  return at + 1;
}
