import { opendirSync } from 'node:fs';
import { foldText } from '@latchkey/auth-core';

/** The cost of reading and comparing one entry of a folder, in steps of a decision. */
const STEPS_AN_ENTRY = 250;
const ENTRIES_AT_ONCE = 256;

/**
 * Whether a folder that lacks a name contains another spelling of it. Programs that ignore case or Unicode
 * normalization would open that entry. A folder that does not exist has none.
 */
export function hasOtherSpelling(folder: string, name: string, spend: (steps: number) => void): boolean {
  const wanted = spelling(name);
  let entries: ReturnType<typeof opendirSync>;
  try {
    entries = opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
  } catch (error) {
    // A folder that cannot be listed may contain anything.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      spend(STEPS_AN_ENTRY);
      if (spelling(entry.name) === wanted) return true;
    }
    return false;
  } finally {
    entries.closeSync();
  }
}

/** Removes dots and blanks at both ends, which some file systems drop. */
const spelling = (name: string): string => foldText(name).replace(/^[\s.]{1,255}|[\s.]{1,255}$/g, '');

/**
 * Characters with a special meaning to shells, globs, URLs, path lists or the file systems of other systems: `*`,
 * `{a,b}`, `$HOME`, `%2e`, `a:b`, `a|b`, `~`.
 */
const OF_SOME = /[*?[\]{}$`<>|"\\:;~]|%[0-9A-Fa-f]{2}/;
/** Names that a program that reads a list would split: `a,b`. A blank or comma inside a name is otherwise literal. */
const LIST = /,[./~]|[,\s]$|^[\s,]/;

/** Characters that many programs drop from a name. */
const UNSHOWN = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
/**
 * The names of a folder itself or its parent, and texts with a separator: `..` may be written with the single character
 * U+2025, `/` with U+FF0F.
 */
const PLACES = /^[.\s]*$|[/\\]/;

/** Whether every program reads a name literally. Existing names are opened as they are; new ones must be plain. */
export const isReadOneWay = (name: string): boolean =>
  !OF_SOME.test(name) && !LIST.test(name) && !PLACES.test(name.replace(UNSHOWN, '').normalize('NFKC'));
