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
