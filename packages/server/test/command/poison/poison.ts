/*
 * What a person cannot see, by the properties of Unicode: whatever of it stands raw in what a command has written would steer
 * a terminal or hide something. The end of a line and the tab are how texts are laid out.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
const LAYOUT: ReadonlySet<string> = new Set(['\n', '\t']);

/** Every unseen character of the first plane, and of the others a tag, a selector and a musical format character. */
const characters = [...Array(0x1_00_00).keys(), 0xe_00_41, 0xe_01_00, 0x1_d1_73]
  .map((codePoint) => String.fromCodePoint(codePoint))
  .filter((character) => UNSEEN.test(character));

/** A text as a stranger may have put it into a name: it sets a title, clears the screen, turns around what follows and hides. */
export const POISON = `a\u001b]0;title\u0007b\u001b[2J\u009b2J${characters.join('.')}c`;

/** How a command writes out what POISON holds, in a text and in JSON: so it is known that the poison came that far. */
export const WRITTEN_OUT = /\\u\{202E\}|\\u202e/;

/** Our own colours, and what a question at a terminal moves the cursor with. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what is looked for
const OWN = /\u001b\[(?:\d{1,2}m|\d{1,5}[ABCDG]|0J)|\r(?=\n)/g;

/** What of a command's output nobody sees, as code points; at a terminal its own colours are none of it. */
export function unseenIn(written: string, isTerminal: boolean): readonly string[] {
  const text = isTerminal ? written.replace(OWN, '') : written;
  const found = [...text].filter((character) => UNSEEN.test(character) && !LAYOUT.has(character));
  return [...new Set(found)].map((character) => `U+${character.codePointAt(0)?.toString(16)}`);
}
