import { describe, expect, it } from 'vitest';
import { nearestEffort } from '../../src/chat/nearest-effort.ts';

describe('the effort nearest to a wish', () => {
  it.each([
    ['low', [], undefined],
    ['off', [], undefined],
    ['off', ['on'], undefined],
    ['off', ['low', 'medium', 'high'], 'low'],
    ['off', ['off', 'on'], 'off'],
    ['low', ['off', 'on'], 'on'],
    ['high', ['off', 'low', 'medium'], 'medium'],
    ['low', ['off', 'high'], 'high'],
    ['on', ['low', 'high'], undefined],
    ['medium', ['off'], undefined],
  ] as const)('%s, where there are %j, is %s', (wish, allowed, effort) => {
    expect(nearestEffort(wish, allowed)).toBe(effort);
  });
});
