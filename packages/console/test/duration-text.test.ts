import { describe, expect, it } from 'vitest';
import { sendDuration, writeDuration } from '../src/api/duration-text.ts';

describe('a lifetime in the settings', () => {
  it.each([
    [0, '0'],
    [1, '1s'],
    [300, '5m'],
    [7200, '2h'],
    [200 * 86_400, '200d'],
    [86_401, '86401s'],
    // More digits than the server reads before a unit.
    [17_280_001, '17280001'],
  ])('of %d seconds is %s', (seconds, text) => {
    expect(writeDuration(seconds)).toBe(text);
  });

  it('is sent as seconds where it has no unit, else as it was written', () => {
    expect(['0', '17280001', '90d', 'soon'].map(sendDuration)).toEqual([0, 17_280_001, '90d', 'soon']);
  });
});
