import { ConfigurationError } from '../errors.ts';

/** A line of a profiles file, with its line ending. */
export interface Line {
  readonly number: number;
  /** With its line ending, and the byte order mark of the first line. */
  readonly raw: string;
  /** The profile that it belongs to; undefined above the first header. */
  readonly section: string | undefined;
  readonly kind: 'comment' | 'header' | 'entry';
  /** The key of an entry. */
  readonly key?: string;
  /** The value of an entry, as it is written. */
  readonly value?: string;
}

const PIECES = /[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g;
const HEADER = /^\[[ \t]*(?:profile[ \t]+)?([^[\]]*?)[ \t]*\][ \t]*(?:[#;].*)?$/;
const ENTRY = /^([^=:]*?)[ \t]*[=:][ \t]*(.*)$/;
const CONTROL = /[\p{Cc}\u2028\u2029\uFEFF]/u;

/** A valid profile name. */
export const PROFILE_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Reads a profiles file line by line. This is the only parser of the file's syntax: reading and editing both use its
 * lines, so that they cannot disagree.
 *
 * @throws {ConfigurationError} `invalid_profiles` with the number of a line that is not a header, entry or comment
 */
export function scan(text: string, path: string): readonly Line[] {
  let section: string | undefined;
  return (text.match(PIECES) ?? []).map((raw, index): Line => {
    const number = index + 1;
    const fail = (problem: string): never => {
      throw invalidLine(path, number, problem);
    };
    const content = (index === 0 ? raw.replace(/^\uFEFF/, '') : raw)
      .replace(/[\r\n]+$/, '')
      .replace(/^[ \t]+|[ \t]+$/g, '');
    if (CONTROL.test(content.replaceAll('\t', ''))) fail('has a character that no text has. Save the file as UTF-8');
    if (content === '' || content.startsWith('#') || content.startsWith(';')) {
      return { number, raw, section, kind: 'comment' };
    }
    if (content.startsWith('[')) {
      const name = HEADER.exec(content)?.[1];
      if (name === undefined || !PROFILE_NAME.test(name)) {
        return fail('is no header of a profile, which is [name]: 1 to 64 letters, digits, -, _ and dots');
      }
      if (name !== 'default' && name.toLowerCase() === 'default') fail('must be [default], in small letters');
      section = name;
      return { number, raw, section, kind: 'header' };
    }
    const [, key, value] = ENTRY.exec(content) ?? [];
    if (key === undefined || key === '' || value === undefined) {
      return fail('is no header, no comment and no key = value');
    }
    if (section === undefined) fail('is above the first profile. Put [default] over it');
    return { number, raw, section, kind: 'entry', key, value };
  });
}

const DOUBLE = /^("(?:[^"\\]|\\.)*")[ \t]*(?:[#;].*)?$/;
const SINGLE = /^'([^']*)'[ \t]*(?:[#;].*)?$/;

/** The value of an entry, without quotes and without a comment after a blank; undefined when it is invalid. */
export function readValue(written: string): string | undefined {
  if (written.startsWith("'")) return SINGLE.exec(written)?.[1];
  if (!written.startsWith('"')) return written.replace(/(?:^|[ \t]+)[#;].*$/, '');
  try {
    return String(JSON.parse(DOUBLE.exec(written)?.[1] ?? ''));
  } catch {
    return undefined;
  }
}

/** Writes a text so that `readValue` returns it. */
export const writeValue = (value: string): string => (/^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value));

/** The message never contains the line's text, which may be a token. */
export const invalidLine = (path: string, number: number, problem: string): ConfigurationError =>
  new ConfigurationError('invalid_profiles', `${path}: line ${number} ${problem}.`);
