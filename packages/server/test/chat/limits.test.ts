import { describe, expect, it } from 'vitest';
import { least } from '../../src/chat/limits.ts';

describe('least', () => {
  it('is the smallest limit that is there', () => {
    expect(least(undefined, 7, 3)).toBe(3);
    expect(least(0, undefined)).toBe(0);
    expect(least(undefined, undefined)).toBeUndefined();
  });
});
