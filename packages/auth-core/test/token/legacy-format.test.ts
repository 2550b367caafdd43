import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLegacyFormat } from '../../src/index.ts';

const format = createLegacyFormat();
const REQUEST = { owner: 'ada', issuedAt: new Date(0) };

describe('a legacy token', () => {
  it('is 40 hexadecimal digits in small letters, of which 10 are the id', async () => {
    const { id = '', secret, text } = await format.mint(REQUEST);
    expect(text).toMatch(/^[0-9a-f]{40}$/);
    expect(text).toBe(`${id}${secret}`);
    expect(id).toHaveLength(10);
    expect(format.parse(text)).toEqual({ id, secret });
  });

  it('may be seen again by its owner', () => {
    expect(format.revealable).toBe(true);
  });

  it('keeps its id when it gets a new secret', async () => {
    const first = await format.mint(REQUEST);
    const second = await format.mint({ ...REQUEST, id: first.id ?? '' });
    expect(second.id).toBe(first.id);
    expect(second.secret).not.toBe(first.secret);
  });

  it('uses all of the digits, each about as often as the others', async () => {
    const texts = await Promise.all(Array.from({ length: 1000 }, () => format.mint(REQUEST)));
    const counts = new Map<string, number>();
    for (const digit of texts.flatMap(({ text }) => [...text])) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    // 2500 are expected of each, with a standard deviation of 48.
    expect(counts.size).toBe(16);
    for (const count of counts.values()) expect(Math.abs(count - 2500)).toBeLessThan(48 * 7);
  });

  it.each([
    '',
    '0123456789abcdef0123456789abcdef0123456',
    '0123456789abcdef0123456789abcdef012345678',
    '0123456789ABCDEF0123456789abcdef01234567',
    '0123456789abcdef0123456789abcdef0123456g',
    '0123456789abcdef0123456789abcdef01234567\n',
    ' 123456789abcdef0123456789abcdef01234567',
  ])('is nothing else: %j', (text) => {
    expect(format.parse(text)).toBeUndefined();
  });

  it('is not found in any other text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 40, maxLength: 40, unit: 'binary' }), (text) => {
        fc.pre(!/^[0-9a-f]{40}$/.test(text));
        expect(format.parse(text)).toBeUndefined();
      }),
    );
  });
});
