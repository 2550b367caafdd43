import { type Steps, UNCOUNTED } from './steps.ts';

/**
 * Says whether a glob matches a text, the whole of it. The one meaning of globs in grants: `*` stands for any run
 * of characters, `/` among them, and for none; every other character stands for itself, and case counts.
 *
 * Takes time in proportion to the product of the two lengths at the worst, whatever the pattern; no regular
 * expression is ever built from input.
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

/** As {@link matchesGlob}, counted. */
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
/** To call the function, and to look for a star. */
const STEPS_A_GLOB = 20;
const STEPS_AT_ONCE = 64;

/** Says whether one of the globs matches the text. */
export function matchesAnyGlob(globs: readonly string[], text: string, steps: Steps): boolean {
  return globs.some((glob) => globMatches(glob, text, steps));
}

/**
 * Says whether everything that the inner glob matches is matched by the outer one too.
 *
 * A star of the inner glob is read as one strange character. Only a star of the outer glob can match that, and
 * what such a star matches it still matches when the strange character is replaced by any text.
 */
export function globCovers(outer: string, inner: string, steps: Steps): boolean {
  return globMatches(outer, inner, steps);
}

/** Says whether each of the inner globs is covered by one of the outer ones. */
export function globsCover(outer: readonly string[], inner: readonly string[], steps: Steps): boolean {
  return coverEach(outer, inner, (candidate, glob) => globCovers(candidate, glob, steps), steps);
}

/** Says whether each of the inner texts is covered by one of the outer ones; one that is written alike always is. */
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
 * Says whether some text is matched by both globs.
 *
 * When both have a star, the texts before the first and after the last decide: whatever lies between can be
 * strung together to please both.
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
