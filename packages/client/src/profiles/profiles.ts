import { parse } from 'ini';
import type { Environment } from '../environment.ts';
import { ConfigurationError } from '../errors.ts';
import { credentialsFile, readCredentials, writeCredentials } from './credentials-file.ts';
import { removeSection, setInSection } from './edit-section.ts';

/** A section of the profiles file: a token, and where and for what it is used. */
export interface Profile {
  /** `api_token` in the file. */
  readonly token?: string;
  /** The server that the token is for; it is sent to no other. */
  readonly url?: string;
  readonly project?: string;
}

/** The profile that is used when nobody names one. */
export const DEFAULT_PROFILE = 'default';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws {ConfigurationError} `invalid_option` for what can be no profile's name */
function checkProfileName(name: string): void {
  if (!NAME.test(name) || name === '__proto__') {
    throw new ConfigurationError(
      'invalid_option',
      'The profile has no name that one can have: 1 to 64 letters, digits, - and _.',
    );
  }
}

/**
 * Reads all profiles of `~/.latchkey/credentials`; none when there is no such file.
 *
 * @throws {ConfigurationError} `unsafe_profiles` when others can read the file, `invalid_profiles` when it is not right
 * @example
 * ```ts
 * import { readProfiles } from '@latchkey/client';
 *
 * for (const [name, { url }] of readProfiles()) console.log(name, url);
 * ```
 */
export function readProfiles(environment: Environment = process.env): ReadonlyMap<string, Profile> {
  const path = credentialsFile(environment);
  return parseProfiles(readCredentials(path) ?? '', path);
}

/**
 * Reads one profile.
 *
 * @throws {ConfigurationError} as `readProfiles` does, and `unknown_profile`, which lists those that there are
 */
export function readProfile(name: string, environment: Environment): Profile {
  checkProfileName(name);
  const profiles = readProfiles(environment);
  const profile = profiles.get(name);
  if (profile !== undefined) return profile;
  const path = credentialsFile(environment);
  const names = [...profiles.keys()].join(', ');
  throw new ConfigurationError(
    'unknown_profile',
    `There is no profile '${name}'${names === '' ? `: ${path} has none yet` : ` in ${path}. There are: ${names}`}. ` +
      `Make it with: latchkey login --profile ${name}`,
  );
}

/**
 * Writes a profile in place of the one of that name, and nothing else of the file: other profiles and comments stay.
 * The file is its owner's alone at every moment (mode 0600).
 *
 * @param name 1 to 64 letters, digits, `-` and `_`
 * @throws {ConfigurationError} `unsafe_profiles` when others can read the file that is there, `invalid_profiles` when it
 *   is not right, `invalid_option` for a name that is none
 * @example
 * ```ts
 * import { saveProfile } from '@latchkey/client';
 *
 * saveProfile('production', { token: 'sk-lm-…', url: 'https://models.example.com' });
 * ```
 */
export function saveProfile(name: string, profile: Profile, environment: Environment = process.env): void {
  checkProfileName(name);
  const path = credentialsFile(environment);
  const text = readForChange(path);
  const { token, url, project } = profile;
  const changed = setInSection(text, name, { api_token: token, url, project });
  // INI has texts that it can't hold: `true` comes back as something else, and is refused here.
  parseProfiles(changed, path);
  writeCredentials(path, changed);
}

/**
 * Removes a profile; false when there is none of that name. Nothing else of the file is changed.
 *
 * @throws {ConfigurationError} as `saveProfile` does
 * @example
 * ```ts
 * import { removeProfile } from '@latchkey/client';
 *
 * removeProfile('production');
 * ```
 */
export function removeProfile(name: string, environment: Environment = process.env): boolean {
  checkProfileName(name);
  const path = credentialsFile(environment);
  const text = readForChange(path);
  if (!parseProfiles(text, path).has(name)) return false;
  writeCredentials(path, removeSection(text, name));
  return true;
}

/** The text of a file that can be read: one that can't is mended by its owner, never written over. */
function readForChange(path: string): string {
  const text = readCredentials(path) ?? '';
  parseProfiles(text, path);
  return text;
}

function parseProfiles(text: string, path: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Profile>();
  for (const [name, section] of Object.entries(parse(text.replace(/^\uFEFF/, '')))) {
    if (typeof section !== 'object' || section === null) {
      throw invalid(path, 'it has a line above its first profile. Put [default] over it');
    }
    const values: Readonly<Record<string, unknown>> = { ...section };
    const token = readText(values, 'api_token', name, path);
    const url = readText(values, 'url', name, path);
    const project = readText(values, 'project', name, path);
    profiles.set(name, {
      ...(token !== undefined && { token }),
      ...(url !== undefined && { url }),
      ...(project !== undefined && { project }),
    });
  }
  return profiles;
}

function readText(
  values: Readonly<Record<string, unknown>>,
  key: string,
  profile: string,
  path: string,
): string | undefined {
  const value = values[key];
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw invalid(path, `[${profile}] ${key} must be text`);
}

const invalid = (path: string, problem: string): ConfigurationError =>
  new ConfigurationError('invalid_profiles', `${path}: ${problem}.`);
