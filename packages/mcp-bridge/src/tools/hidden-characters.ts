// Control characters (tab and line ends are none here); format characters: zero-width, bidirectional, soft hyphen, byte
// order mark, tags; line and paragraph separators; the supplementary variation selectors, which can carry whole
// hidden sentences. A person who looks at a description does not see them, and a model reads them.
const hidden = /[^\P{Cc}\t\n\r]|\p{Cf}|\p{Zl}|\p{Zp}|[\u{E0100}-\u{E01EF}]/gu;

/** The text without what a person could not see, and without half characters. */
export function removeHidden(text: string): string {
  return text.toWellFormed().replace(hidden, '');
}

export function hasHidden(text: string): boolean {
  return removeHidden(text) !== text;
}

/** The text with what a person could not see written out, as `\u{200B}`. */
export function showHidden(text: string): string {
  return text.toWellFormed().replace(hidden, (character) => `\\u{${codePointOf(character)}}`);
}

/** What a person could not see, each code point once, as `U+200B`. */
export function hiddenIn(text: string): readonly string[] {
  return [...new Set([...text.toWellFormed().matchAll(hidden)].map(([character]) => `U+${codePointOf(character)}`))];
}

const codePointOf = (character: string): string =>
  (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
