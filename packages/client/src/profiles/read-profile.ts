import { invalidLine, type Line, readValue } from './scan.ts';

/** A section of the profiles file: a token, its server and its project. */
export interface Profile {
  /** `api_token` in the file. */
  readonly token?: string | undefined;
  /** The server that the token is for; it is sent to no other server. */
  readonly url?: string | undefined;
  readonly project?: string | undefined;
  /**
   * `server_key`: the key that the server proved to have when the profile was made. Commands send the token only to a
   * server with that key.
   */
  readonly serverKey?: string | undefined;
}

const FIELDS: Readonly<Record<string, keyof Profile>> = {
  api_token: 'token',
  url: 'url',
  project: 'project',
  server_key: 'serverKey',
};

/** The keys of the file with the values of a profile. */
export const keysOf = ({ token, url, project, serverKey }: Profile): Readonly<Record<string, string | undefined>> => ({
  api_token: token,
  url,
  project,
  server_key: serverKey,
});

/** The names of all profiles, in the file's order. */
export const namesOf = (lines: readonly Line[]): readonly string[] => [
  ...new Set(lines.flatMap(({ kind, section }) => (kind === 'header' && section !== undefined ? [section] : []))),
];

/**
 * Reads one profile; undefined when it does not exist. Errors in other profiles are ignored.
 *
 * @throws {ConfigurationError} `invalid_profiles` with the number of the line
 */
export function profileOf(lines: readonly Line[], name: string, path: string): Profile | undefined {
  const own = lines.filter(({ section }) => section === name);
  const [first, second] = own.filter(({ kind }) => kind === 'header');
  if (first === undefined) return undefined;
  if (second !== undefined) {
    throw invalidLine(path, second.number, `begins the profile '${name}' again, which line ${first.number} has begun`);
  }
  const profile: { -readonly [Field in keyof Profile]: string } = {};
  for (const { key, value, number } of own) {
    if (key === undefined || value === undefined) continue;
    const field = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    if (field === undefined)
      throw invalidLine(path, number, 'has an unknown key. There are: api_token, url, project, server_key');
    if (profile[field] !== undefined) throw invalidLine(path, number, `sets ${key} a second time`);
    const text = readValue(value);
    if (text === undefined) throw invalidLine(path, number, `has quotes around ${key} that do not match`);
    if (text.trim() === '') throw invalidLine(path, number, `has an empty ${key}`);
    profile[field] = text;
  }
  return profile;
}
