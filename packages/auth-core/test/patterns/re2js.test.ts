import { describe, expect, it } from 'vitest';
import { re2jsPatterns } from '../../src/patterns/re2js.ts';

describe('re2jsPatterns', () => {
  it.each([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'abc\n', false],
    ['^a$', 'x\na\ny', false],
    ['', '', true],
  ])('says of /%s/ and %j: %s', (pattern, text, expected) => {
    expect(re2jsPatterns.compile(pattern)(text)).toBe(expected);
  });

  it.each(['(', '(?=a)', '(a)\\1', 'a{1001}', '(a{1000}){1000}'])('does not compile /%s/', (pattern) => {
    expect(() => re2jsPatterns.compile(pattern)).toThrow();
  });

  it('answers soon where a backtracking engine would not', () => {
    const started = performance.now();
    expect(re2jsPatterns.compile('^(a+)+$')(`${'a'.repeat(20_000)}!`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
