import { opendirSync } from 'node:fs';
import { foldText } from '@latchkey/auth-core';

/** To read an entry of a folder, and to compare it, as a step of a decision is counted. */
const STEPS_AN_ENTRY = 250;
const ENTRIES_AT_ONCE = 256;

/**
 * Says whether a folder that lacks a name has another spelling of it: programs that ignore case or Unicode's ways of writing a
 * letter would open that. A folder that does not exist has none.
 */
export function hasOtherSpelling(folder: string, name: string, spend: (steps: number) => void): boolean {
  const wanted = spelling(name);
  let entries: ReturnType<typeof opendirSync>;
  try {
    entries = opendirSync(folder, { bufferSize: ENTRIES_AT_ONCE });
  } catch (error) {
    // What cannot be listed may hold anything.
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

/** Without the dots and blanks at both ends, which some file systems drop. */
const spelling = (name: string): string => foldText(name).replace(/^[\s.]{1,255}|[\s.]{1,255}$/g, '');
