import { endOf, parseDateTime } from '../date-time.ts';
import { GrantNotCoveredError, InvalidInputError } from '../errors.ts';
import type { Principal } from '../principal.ts';

// One line of visible characters that neither begins nor ends with a blank. Some letters, marks and symbols are
// invisible and excluded: fillers, variation selectors, the Braille blank.
const LABEL = /^(?! )(?:(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{M}\p{N}\p{P}\p{S} ]){1,100}(?<! )$/u;
const NOTES = /^[\p{L}\p{M}\p{N}\p{P}\p{S} \t\r\n]{1,2000}$/u;
const MAXIMUM_ROTATE_AFTER_SECONDS = 3660 * 86_400;

/** Rejects what is not an object of known options. An unknown one would otherwise be ignored silently. */
export function checkOptions(of: string, input: unknown, known: readonly string[]): void {
  if (typeof input !== 'object' || input === null) {
    throw new InvalidInputError('input', `of ${of} must be an object with options: ${known.join(', ')}`);
  }
  const unknown = Object.keys(input).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidInputError(unknown.slice(0, 40), `is not an option of ${of}; known are: ${known.join(', ')}`);
}

/**
 * Reads a name, an owner or a project: 1 to 100 visible characters on one line. Of the encodings of one text that look
 * alike, all are read as the same (Unicode NFC).
 */
export function readLabel(label: string, path: string): string {
  const text = typeof label === 'string' ? label.normalize('NFC') : '';
  if (!LABEL.test(text)) {
    throw new InvalidInputError(path, 'must be 1 to 100 visible characters on one line, without blanks around them');
  }
  return text;
}

/** What a filter for tokens asks for, as it is stored; a text that no token can have matches none. */
export function readFilter<Filter extends { readonly owner?: string; readonly project?: string }>(
  filter: Filter,
): Filter {
  const { owner, project } = filter;
  return {
    ...filter,
    ...(owner !== undefined && { owner: String(owner).normalize('NFC') }),
    ...(project !== undefined && { project: String(project).normalize('NFC') }),
  };
}

/** Checks notes: 1 to 2000 visible characters, blanks and ends of lines. */
export function checkNotes(notes: string): string {
  if (typeof notes !== 'string' || !NOTES.test(notes)) {
    throw new InvalidInputError('notes', 'must be 1 to 2000 visible characters; lines may be several');
  }
  return notes;
}

/** Checks after how many seconds a token is due for a new secret: up to ten years. */
export function checkRotateAfter(seconds: number): number {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAXIMUM_ROTATE_AFTER_SECONDS) {
    throw new InvalidInputError(
      'rotateAfterSeconds',
      `must be a whole number of seconds from 1 to ${MAXIMUM_ROTATE_AFTER_SECONDS}`,
    );
  }
  return seconds;
}

/** Checks an expiry: a future RFC 3339 time, not after the expiry of the token that sets it. */
export function checkExpiry(expiresAt: string, by: Principal, now: Date): string {
  const endsAt = typeof expiresAt === 'string' ? parseDateTime(expiresAt) : undefined;
  if (endsAt === undefined) {
    throw new InvalidInputError('expiresAt', 'must be a date and time such as 2027-01-31T12:00:00Z (RFC 3339)');
  }
  if (endsAt <= now.getTime()) throw new InvalidInputError('expiresAt', 'must lie in the future');
  if (!(endsAt <= endOf(by.expiresAt))) {
    throw new GrantNotCoveredError(`expiresAt lies beyond ${by.expiresAt}, when the issuing token ends`);
  }
  return new Date(endsAt).toISOString();
}
