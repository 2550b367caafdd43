import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { MAXIMUM_PATTERN_COST, patternCost } from '../../src/matching/pattern-size.ts';
import { createSteps, StepsUsedUp } from '../../src/matching/steps.ts';
import { testPattern } from '../../src/matching/test-pattern.ts';

describe('patternCost', () => {
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
    expect(patternCost(pattern).size).toBe(size);
  });

  it.each([
    ['a pattern of words', '^(https?|ftp)://[a-z0-9.-]+/[^ ]*$', true],
    ['letters of any script', '^[\\p{L}\\p{N} _-]{1,200}$', true],
    ['letters of one script, whatever their case', '(?i)^[\u0430-\u044f\u0451]+$', true],
    ['many tables of characters', '\\pL'.repeat(40), false],
    ['many tables of characters in one class', `[${'\\pL'.repeat(40)}]`, false],
    ['a wide range, whatever the case', '(?i)[\\x{80}-\\x{10000}]', false],
    ['a wide range, whatever the case, written out', '(?s-i:a)(?i)[\u0080-\u{10000}]', false],
    ['a wide range in octal, whatever the case', '(?i)[\\1-\u{1ffff}]', false],
    ['a wide range as it is', '[\\x{80}-\\x{10ffff}]', true],
    ['a range to an escaped bracket', '(?i)[+-\\]]', true],
    ['what is quoted', '\\Qa\\E', false],
  ])('knows what it takes to compile %s', (_, pattern, isCheap) => {
    expect(patternCost(pattern).compiling <= MAXIMUM_PATTERN_COST).toBe(isCheap);
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
        expect(program).toBeLessThanOrEqual(4 * patternCost(pattern).size + 4);
      }),
      { numRuns: 20_000 },
    );
    expect(compiled).toBeGreaterThan(1000);
  });
});

describe('a pattern that a question asks about', () => {
  it('costs what it takes to make it ready, once', () => {
    const engine = { compile: () => () => true };
    const source = '^[\\p{L}\\p{N}]$';
    const { compiling } = patternCost(source);
    expect(() => testPattern(engine, source, 'a', { steps: createSteps(compiling) })).toThrow(StepsUsedUp);
    expect(testPattern(engine, source, 'a', { steps: createSteps(2 * compiling) })).toBeUndefined();
    expect(testPattern(engine, source, 'b', { steps: createSteps(compiling) })).toBeUndefined();
  });
});
