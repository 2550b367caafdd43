import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/command/parse-duration.ts';

describe('parseDuration', () => {
  it.each([
    ['45s', 45_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['90d', 7_776_000_000],
    ['2w', 1_209_600_000],
    ['999999w', 604_799_395_200_000],
  ])('reads %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '90', 'd', '0d', '-1d', '1.5h', '1y', '90 d', '1e3s', '1234567s', '1h30m', ' 1h', '１d'])(
    'refuses %j, and says how a duration is written',
    (text) => {
      expect(() => parseDuration(text)).toThrow('e.g. 90d');
    },
  );
});
