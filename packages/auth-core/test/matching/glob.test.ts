import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globCovers, globsCover, globsIntersect, matchesAnyGlob, matchesGlob } from '../../src/matching/glob.ts';
import { UNCOUNTED } from '../../src/matching/steps.ts';

describe('matchesGlob', () => {
  it.each([
    ['*', ''],
    ['*', 'a/b'],
    ['ibm/*', 'ibm/granite/4'],
    ['ibm/*', 'ibm/'],
    ['*.example.com', 'a.b.example.com'],
    ['a*b*c', 'a-b-b-c'],
    ['a**', 'a'],
    ['exact', 'exact'],
    ['', ''],
    ['a.c', 'a.c'],
  ])('lets "%s" match "%s"', (glob, text) => {
    expect(matchesGlob(glob, text)).toBe(true);
  });

  it.each([
    ['ibm/*', 'ibm'],
    ['ibm/*', 'xibm/a'],
    ['a', 'A'],
    ['a.c', 'abc'],
    ['a?c', 'abc'],
    ['[ab]', 'a'],
    ['*.example.com', 'example.com'],
    ['a*b', 'abc'],
    ['', 'a'],
    ['a', ''],
    ['*a*b', 'ba'],
  ])('does not let "%s" match "%s"', (glob, text) => {
    expect(matchesGlob(glob, text)).toBe(false);
  });

  it('answers at once, however the stars are set', () => {
    const started = process.cpuUsage();
    expect(matchesGlob(`${'*a'.repeat(100)}*b`, 'a'.repeat(250))).toBe(false);
    // In microseconds of its own, whatever else the machine has to do.
    expect(process.cpuUsage(started).user).toBeLessThan(100_000);
  });

  it('agrees with a regular expression made of the same pieces', () => {
    const pieces = fc.array(fc.constantFrom('*', 'a', 'b', '/'), { maxLength: 8 });
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
    fc.assert(
      fc.property(pieces, texts, (parts, text) => {
        const expression = new RegExp(`^${parts.map((part) => (part === '*' ? '.*' : part)).join('')}$`);
        expect(matchesGlob(parts.join(''), text)).toBe(expression.test(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('matchesAnyGlob', () => {
  it('lets an empty list match nothing', () => {
    expect(matchesAnyGlob([], '', UNCOUNTED)).toBe(false);
    expect(matchesAnyGlob(['a', 'b*'], 'bc', UNCOUNTED)).toBe(true);
  });
});

const globs = fc.string({ unit: fc.constantFrom('*', 'a', 'b'), maxLength: 5 });
const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 6 });

describe('globCovers', () => {
  it('never covers a glob that matches more', () => {
    fc.assert(
      fc.property(globs, globs, texts, (outer, inner, text) => {
        fc.pre(globCovers(outer, inner, UNCOUNTED) && matchesGlob(inner, text));
        expect(matchesGlob(outer, text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('covers what is plainly narrower, and itself', () => {
    expect(globsCover(['ibm/*', 'x'], ['ibm/granite-*', 'x'], UNCOUNTED)).toBe(true);
    expect(globCovers('a*', 'a*', UNCOUNTED)).toBe(true);
    expect(globCovers('a', '*', UNCOUNTED)).toBe(false);
  });
});

describe('globsIntersect', () => {
  it('finds every pair of globs that one text matches', () => {
    fc.assert(
      fc.property(globs, globs, texts, (left, right, text) => {
        fc.pre(matchesGlob(left, text) && matchesGlob(right, text));
        expect(globsIntersect(left, right, UNCOUNTED)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a*', 'b*'],
    ['*a', '*b'],
    ['a', 'b'],
    ['a*', 'ba'],
    ['ba', 'a*'],
  ])('keeps "%s" and "%s" apart', (left, right) => {
    expect(globsIntersect(left, right, UNCOUNTED)).toBe(false);
  });
});
