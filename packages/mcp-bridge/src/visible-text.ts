/*
 * Characters that a person cannot see but a program or a model reads, identified by Unicode properties rather than a
 * list: controls, format characters, line and paragraph separators, default-ignorable characters (variation selectors,
 * fillers, tags), and the Braille blank. Three uses of such characters belong to ordinary text and are kept: an emoji's
 * own selector and joiner, joiners between letters of scripts that join letters, and the line end of Windows.
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
 * Returns a text of several lines with each character that a person could not see written as `\u{200B}`, so that
 * nothing controls a terminal or stays invisible. Tabs and line ends are kept.
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

/** Does the same for a text that must stay on one line: tabs and line ends are escaped as well. */
export function visibleLine(text: string): string {
  return text.toWellFormed().replace(hiddenOnOneLine, writeOut);
}

/** Returns equivalent JSON with each character that a person could not see in JSON's notation `\u200b`. */
export function visibleJson(json: string): string {
  return json.replace(hidden, (characters) =>
    Array.from({ length: characters.length }, (_, index) => characters.charCodeAt(index))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/**
 * Copies JSON data with `visibleText` applied to each text and each key; returns the value itself when nothing changes.
 */
export function visibleData<T>(value: T): T {
  const json = JSON.stringify(value);
  // Only keys and texts can contain such a character; JSON escapes all other controls itself.
  if (json === undefined || !(hasHidden(json) || /\\[bfru]/.test(json))) return value;
  return rewrite(value) as T;
}

function rewrite(value: unknown): unknown {
  if (typeof value === 'string') return visibleText(value);
  if (Array.isArray(value)) return value.map(rewrite);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [visibleText(key), rewrite(inner)]));
}

/** Removes what a person could not see, and lone surrogates: for prose that a model reads. */
export function removeHidden(text: string): string {
  return text.toWellFormed().replace(hidden, '');
}

/** Whether a text contains a lone surrogate or anything that a person could not see. */
export function hasHidden(text: string): boolean {
  return !text.isWellFormed() || text.search(hidden) !== -1;
}

/** Lists the characters that a person could not see, each code point once, as `U+200B`. */
export function hiddenIn(text: string): readonly string[] {
  return [...new Set([...text.toWellFormed().matchAll(hidden)].map(([character]) => `U+${codePointOf(character)}`))];
}

const writeOut = (character: string): string => `\\u{${codePointOf(character)}}`;

const codePointOf = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
