import { describe, expect, it } from 'vitest';
import { collect, readEnd } from '../../../src/command/token/token-options.ts';

const NOW = new Date('2026-11-21T12:00:00Z');

describe('--expires', () => {
  it('takes a duration from now', () => {
    expect(readEnd('90d', NOW)).toBe('2027-02-19T12:00:00.000Z');
  });

  it('takes a time as it is written', () => {
    expect(readEnd('2027-01-31T12:00:00+01:00', NOW)).toBe('2027-01-31T12:00:00+01:00');
  });

  it.each(['soon', '', '2027', '2027-01-31', '-5d', '2027-13-31T12:00:00Z'])('refuses %j', (text) => {
    expect(() => readEnd(text, NOW)).toThrow('--expires');
  });
});

describe('a flag with several values', () => {
  it('takes them with commas, repeated, or both', () => {
    expect(collect('c', collect('a,b'))).toEqual(['a', 'b', 'c']);
  });
});
