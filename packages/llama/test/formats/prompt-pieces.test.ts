import { describe, expect, it } from 'vitest';
import { cutForTokenizer } from '../../src/formats/prompt-pieces.ts';
import { SpecialTexts } from '../../src/formats/special-texts.ts';

const MARKER = '<|im_start|>';
const specials = new SpecialTexts([MARKER]);
/** Tokenising more at once would block the other streams of a model. */
const MOST = 16_384;

describe('a text that is cut for the tokenizer', () => {
  it.each([
    ['words', 'fox and '.repeat(20_000)],
    ['one long word', 'x'.repeat(100_000)],
    ['digits', '0123456789'.repeat(9000)],
    ['characters of two units', '\u{1F98A}'.repeat(40_000)],
    ['special texts', MARKER.repeat(9000)],
    ['lines without letters', '\n'.repeat(70_000)],
  ])('is whole, and in pieces that take little time each: %s', (_, text) => {
    const pieces = cutForTokenizer([text], specials);
    expect(pieces.map((piece) => piece.text).join('')).toBe(text);
    expect(Math.max(...pieces.map((piece) => piece.text.length))).toBeLessThanOrEqual(MOST);
    expect(pieces.map(({ continues }) => continues)).toEqual(pieces.map((__, index) => index > 0));
  });

  it('is cut neither within a character nor within a special text', () => {
    for (let shift = 0; shift < MARKER.length; shift += 1) {
      const texts = [`${'x'.repeat(shift)}${'\u{1F98A}'.repeat(20_000)}`, `${'x'.repeat(shift)}${MARKER.repeat(3000)}`];
      const pieces = cutForTokenizer(texts, specials);
      expect(pieces.filter(({ text }) => /^[\udc00-\udfff]/.test(text))).toEqual([]);
      expect(pieces.filter(({ text }) => text.includes('im_') && !/^x*(?:<\|im_start\|>)+$/.test(text))).toEqual([]);
    }
  });

  it('ends a piece before a space, where a vocabulary begins a token', () => {
    const [first] = cutForTokenizer([`${'x'.repeat(16_000)} ${'y'.repeat(16_000)}`], specials);
    expect(first?.text).toBe('x'.repeat(16_000));
  });
});
