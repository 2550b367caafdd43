import { describe, expect, it } from 'vitest';
import { drawCharacters } from '../../src/token/random.ts';

describe('drawCharacters', () => {
  it('throws away the bytes that would favour some of the characters', () => {
    const bytes = [255, 254, 252, 250, 249, 248, 0, 61, 62, 247];
    const random = (target: Uint8Array<ArrayBuffer>) => target.map(() => bytes.shift() ?? 0);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    // 248 is 4 times 62: the bytes from there on have no fair character.
    expect(drawCharacters(alphabet, 4, random)).toBe('A9A9');
  });

  it('draws every character equally often, as far as 62000 draws can tell', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    // Every byte value equally often: the result is exact, and no test fails by chance.
    let next = 0;
    const random = (target: Uint8Array<ArrayBuffer>) => target.map(() => next++ % 256);
    const counts = new Map<string, number>();
    for (const character of drawCharacters(alphabet, 62_000, random)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect([...counts.values()].every((count) => count === 1000)).toBe(true);
    expect(counts.size).toBe(62);
  });
});
