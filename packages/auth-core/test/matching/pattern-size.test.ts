import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { patternSize } from '../../src/matching/pattern-size.ts';

describe('patternSize', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['ab{3}', 4],
    ['^.{1,1000}$', 1002],
    ['a{3,}', 3],
    ['(ab{3}){10}', 50],
    ['((a{10}){10}){10}', 1110],
    ['[a-z]{5}', 5],
    ['[\\]x]{5}', 5],
    ['\\d{5}', 5],
    ['\\({5}', 5],
    ['a{0}b', 1],
    ['a)b', 3],
    ['{5}', 0],
    ['[a', 1],
    ['\\Qa\\E', Number.POSITIVE_INFINITY],
  ])('of %s is %d', (pattern, size) => {
    expect(patternSize(pattern)).toBe(size);
  });

  it('bounds the program that is made of a pattern, whatever the pattern', () => {
    const parts = [
      'a',
      '.',
      '\\d',
      '\\]',
      '\\(',
      '[a-z]',
      '[]a]',
      '[^]]',
      '[[:alpha:]]',
      '[\\]]',
      '\\pL',
      '\\p{Greek}',
    ];
    const marks = [
      '(',
      '(?:',
      '(?i)',
      '(?P<n>',
      ')',
      '|',
      '*',
      '+',
      '?',
      '{3}',
      '{2,}',
      '{0,7}',
      '{9}',
      '[',
      ']',
      '{',
      '}',
    ];
    let compiled = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts, ...marks), { maxLength: 12 }), (tokens) => {
        const pattern = tokens.join('');
        let program: number;
        try {
          program = RE2JS.compile(pattern).programSize();
        } catch {
          return;
        }
        compiled++;
        expect(program).toBeLessThanOrEqual(4 * patternSize(pattern) + 4);
      }),
      { numRuns: 20_000 },
    );
    expect(compiled).toBeGreaterThan(1000);
  });
});
