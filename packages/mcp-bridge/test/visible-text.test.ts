import { describe, expect, it } from 'vitest';
import { hasHidden, removeHidden, visibleData, visibleJson, visibleLine, visibleText } from '../src/visible-text.ts';

/** All of Unicode that has one of the properties, and the blank of Braille. */
const unseen = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((character) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u.test(character));

describe('text that people and models see', () => {
  it('has every character that nobody sees written out, whatever it stands beside', () => {
    const passing = (show: (text: string) => string, around: (character: string) => string): string[] =>
      unseen.filter((character) => show(around(character)).includes(character));
    expect(unseen.length).toBeGreaterThan(4000);
    expect(passing(visibleText, (character) => `a${character}b`)).toEqual(['\t', '\n']);
    expect(passing(visibleText, (character) => character)).toEqual(['\t', '\n']);
    expect(passing(visibleLine, (character) => `path${character}`)).toEqual([]);
    expect(passing(removeHidden, (character) => `path${character}`)).toEqual(['\t', '\n']);
    expect(unseen.filter((character) => !hasHidden(`path${character}`))).toEqual(['\t', '\n']);
  });

  it('says which characters these were, and loses none', () => {
    expect(visibleText('a\u200B\u{E0041}\uFE01\u3164\u034F\u17B4\u2800\u009Bb')).toBe(
      'a\\u{200B}\\u{E0041}\\u{FE01}\\u{3164}\\u{034F}\\u{17B4}\\u{2800}\\u{009B}b',
    );
    expect(visibleText('over\rwritten\r\nnext\tcell\n')).toBe('over\\u{000D}written\r\nnext\tcell\n');
    expect(visibleLine('one\r\ntwo\t')).toBe('one\\u{000D}\\u{000A}two\\u{0009}');
    expect(visibleText('half \uD800')).toBe('half \uFFFD');
  });

  it.each(['❤️ ⚠️ 1️⃣ 👨‍👩‍👧 👩🏽‍💻', 'می‌خواهم', 'क्‍ष', 'Zeile\r\n\tÄ 中文'])(
    'is as it was where that is how it is written: %s',
    (text) => {
      expect(visibleText(text)).toBe(text);
      expect(hasHidden(text)).toBe(false);
    },
  );

  it.each(['❤️️', '❤\uFE0E', 'a\u200Db', 'م‌‌م', '1️', '👨‍a'])('hides nothing behind such a use: %j', (text) => {
    expect(hasHidden(text)).toBe(true);
  });

  it('is written out in keys and texts of data, and data without any is the same', () => {
    expect(visibleData({ 'a\u200B': ['\u202Eb', { c: '\u001b[2J', d: 1 }] })).toEqual({
      'a\\u{200B}': ['\\u{202E}b', { c: '\\u{001B}[2J', d: 1 }],
    });
    const plain = { a: ['b\n'], c: null };
    expect(visibleData(plain)).toBe(plain);
  });

  it('is the same JSON when it is JSON', () => {
    const value = { 'a\u{E0041}': 'b\u202E\u009B\u001b' };
    const text = visibleJson(JSON.stringify(value));
    expect(text).toMatch(/^[ -~]+$/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
