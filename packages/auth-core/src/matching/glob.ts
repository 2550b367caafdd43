import { type Steps, UNCOUNTED } from './steps.ts';

/**
 * Returns whether a glob matches a whole text. Globs in grants have only this meaning: `*` matches any run of
 * characters, including `/` and the empty run; every other character matches itself, case-sensitively.
 *
 * In the worst case it takes time proportional to the product of the two lengths, for any pattern; no regular
 * expression is built from input.
 *
 * @example
 * ```ts
 * import { matchesGlob } from '@latchkey/auth-core';
 *
 * console.log(matchesGlob('2026/*', '2026/17')); // true
 * ```
 */
export function matchesGlob(glob: string, text: string): boolean {
  return globMatches(glob, text, UNCOUNTED);
}

/** As {@link matchesGlob}, with its steps counted. */
export function globMatches(glob: string, text: string, steps: Steps): boolean {
  steps.spend(STEPS_A_GLOB);
  if (!glob.includes('*')) return glob === text;
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  let taken = 0;
  while (position < text.length) {
    if (++taken % STEPS_AT_ONCE === 0) steps.spend(STEPS_AT_ONCE);
    const wanted = glob.charCodeAt(at);
    if (wanted === STAR) {
      star = at++;
      resume = position;
    } else if (wanted === text.charCodeAt(position)) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  steps.spend(taken % STEPS_AT_ONCE);
  while (glob.charCodeAt(at) === STAR) at++;
  return at === glob.length;
}

const STAR = 42;
/** The steps for calling the function and searching for a star. */
const STEPS_A_GLOB = 20;
const STEPS_AT_ONCE = 64;

/** Whether one of the globs matches the text. */
export function matchesAnyGlob(globs: readonly string[], text: string, steps: Steps): boolean {
  return globs.some((glob) => globMatches(glob, text, steps));
}

/**
 * Whether the outer glob matches everything that the inner one matches.
 *
 * A star of the inner glob is treated as one character that occurs nowhere else. Only a star of the outer glob can
 * match it, and that star still matches when the character is replaced by any text.
 */
export function globCovers(outer: string, inner: string, steps: Steps): boolean {
  return globMatches(outer, inner, steps);
}

/** Whether each of the inner globs is covered by one of the outer ones. */
export function globsCover(outer: readonly string[], inner: readonly string[], steps: Steps): boolean {
  return coverEach(outer, inner, (candidate, glob) => globCovers(candidate, glob, steps), steps);
}

/** Whether each of the inner texts is covered by one of the outer ones; an equal text always covers it. */
export function coverEach(
  outer: readonly string[],
  inner: readonly string[],
  covers: (outer: string, inner: string) => boolean,
  steps: Steps,
): boolean {
  steps.spend((outer.length + inner.length) * STEPS_A_GLOB);
  const written = new Set(outer);
  return inner.every((text) => written.has(text) || outer.some((candidate) => covers(candidate, text)));
}

/**
 * Whether some text is matched by both globs.
 *
 * When both have a star, the texts before the first star and after the last one decide: a middle part that both match
 * can always be constructed.
 */
export function globsIntersect(left: string, right: string, steps: Steps): boolean {
  if (!left.includes('*')) return globMatches(right, left, steps);
  if (!right.includes('*')) return globMatches(left, right, steps);
  steps.spend(STEPS_A_GLOB + left.length + right.length);
  const leftHead = left.slice(0, left.indexOf('*'));
  const rightHead = right.slice(0, right.indexOf('*'));
  const leftTail = left.slice(left.lastIndexOf('*') + 1);
  const rightTail = right.slice(right.lastIndexOf('*') + 1);
  return (
    (leftHead.startsWith(rightHead) || rightHead.startsWith(leftHead)) &&
    (leftTail.endsWith(rightTail) || rightTail.endsWith(leftTail))
  );
}
