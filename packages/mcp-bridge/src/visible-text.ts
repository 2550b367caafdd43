/*
 * What a person cannot see and a program or a model reads, by its properties in Unicode and not by a list: controls,
 * format characters, line and paragraph separators, what is ignored by default (variation selectors, fillers, tags), and
 * the blank of Braille. Three uses of such characters are how text is written, and stay: an emoji's own selector and
 * joiner, the joiners between letters of scripts whose letters join, and the end of a line as Windows writes it.
 */

const joining = ['Arab', 'Syrc', 'Nkoo', 'Mong', 'Deva', 'Beng', 'Guru', 'Gujr', 'Orya', 'Taml']
  .concat(['Telu', 'Knda', 'Mlym', 'Sinh', 'Khmr', 'Mymr', 'Tibt'])
  .map((script) => `\\p{scx=${script}}`)
  .join('');
const joiningLetter = `[[\\p{L}\\p{M}]&&[${joining}]]`;
const orthography = [
  '(?<=\\p{ExtPict})\\uFE0F',
  '(?<=[0-9#*])\\uFE0F(?=\\u20E3)',
  '(?<=\\p{ExtPict}\\p{EMod}?\\uFE0F?)\\u200D(?=\\p{ExtPict})',
  `(?<=${joiningLetter})[\\u200C\\u200D](?=${joiningLetter})`,
].join('|');
const anywhere = '[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}\\u2800]';

const hidden = new RegExp(`(?!${orthography}|\\r\\n)[${anywhere}--[\\t\\n]]`, 'gv');
const hiddenOnOneLine = new RegExp(`(?!${orthography})${anywhere}`, 'gv');

/**
 * The text, of several lines, with each character that a person could not see written out as `\u{200B}`: nothing steers
 * a terminal, and nothing is read that is not seen. Tabs and line ends stay.
 *
 * @example
 * ```ts
 * import { visibleText } from '@latchkey/mcp-bridge/visible-text';
 *
 * console.log(visibleText('rm\u202E -rf\n')); // rm\u{202E} -rf
 * ```
 */
export function visibleText(text: string): string {
  return text.toWellFormed().replace(hidden, writeOut);
}

/** As `visibleText`, for what must stay on its line: tabs and line ends are written out as well. */
export function visibleLine(text: string): string {
  return text.toWellFormed().replace(hiddenOnOneLine, writeOut);
}

/** JSON text that says the same, with each character that a person could not see as JSON's own `\u200b`. */
export function visibleJson(json: string): string {
  return json.replace(hidden, (characters) =>
    Array.from({ length: characters.length }, (_, index) => characters.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** A copy of what JSON can carry, with `visibleText` in the place of each text and of each key; itself when that is the same. */
export function visibleData<T>(value: T): T {
  const json = JSON.stringify(value);
  // Keys and texts are all that can hold such a character; JSON writes the others of its controls out itself.
  if (json === undefined || !(hasHidden(json) || /\\[bfru]/.test(json))) return value;
  return rewrite(value) as T;
}

function rewrite(value: unknown): unknown {
  if (typeof value === 'string') return visibleText(value);
  if (Array.isArray(value)) return value.map(rewrite);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [visibleText(key), rewrite(inner)]));
}

/** The text without what a person could not see, and without half characters: for prose that a model reads. */
export function removeHidden(text: string): string {
  return text.toWellFormed().replace(hidden, '');
}

/** Whether there is something in the text that a person could not see, or half a character. */
export function hasHidden(text: string): boolean {
  return !text.isWellFormed() || text.search(hidden) !== -1;
}

/** What a person could not see, each code point once, as `U+200B`. */
export function hiddenIn(text: string): readonly string[] {
  return [...new Set([...text.toWellFormed().matchAll(hidden)].map(([character]) => `U+${codePointOf(character)}`))];
}

const writeOut = (character: string): string => `\\u{${codePointOf(character)}}`;

const codePointOf = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
