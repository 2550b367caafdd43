import { type Environment, processEnvironment, readVariable } from '../environment.ts';
import { ConfigurationError } from '../errors.ts';
import { checkOptionNames } from '../option-names.ts';
import { readServerUrl } from '../server-url.ts';
import { isToken } from '../token-text.ts';
import {
  credentialsFile,
  findCredentials,
  prepareFolder,
  readCredentials,
  realPathOf,
  writeCredentials,
} from './credentials-file.ts';
import { removeSection, setInSection } from './edit-section.ts';
import { whileLocked } from './file-lock.ts';
import { keysOf, namesOf, type Profile, profileOf } from './read-profile.ts';
import { PROFILE_NAME, scan } from './scan.ts';

/** The profile that is used when none is named. */
export const DEFAULT_PROFILE = 'default';

/** @throws {ConfigurationError} `invalid_option` for an invalid profile name */
function checkProfileName(name: string): void {
  if (PROFILE_NAME.test(name) && (name === DEFAULT_PROFILE || name.toLowerCase() !== DEFAULT_PROFILE)) return;
  throw new ConfigurationError(
    'invalid_option',
    'The profile has no name that one can have: 1 to 64 letters, digits, -, _ and dots.',
  );
}

/**
 * Reads all profiles of the file that `credentialsFile` names; none when there is no such file.
 *
 * @throws {ConfigurationError} `unsafe_profiles` when others can read the file, `invalid_profiles` when it is invalid
 * @example
 * ```ts
 * import { readProfiles } from '@latchkey/client';
 *
 * for (const [name, { url }] of readProfiles()) console.log(name, url);
 * ```
 */
export function readProfiles(environment: Environment = processEnvironment()): ReadonlyMap<string, Profile> {
  const text = findCredentials(environment);
  if (text === undefined) return new Map();
  const path = credentialsFile(environment);
  const lines = scan(text, path);
  return new Map(namesOf(lines).map((name) => [name, profileOf(lines, name, path) ?? {}]));
}

/**
 * Reads one profile; undefined when it does not exist. Errors in other profiles are ignored.
 *
 * @throws {ConfigurationError} as `readProfiles` does, and `invalid_option` for an invalid profile name
 * @example
 * ```ts
 * import { findProfile } from '@latchkey/client';
 *
 * console.log(findProfile('production')?.url);
 * ```
 */
export function findProfile(name: string, environment: Environment = processEnvironment()): Profile | undefined {
  checkProfileName(name);
  const text = findCredentials(environment);
  if (text === undefined) return undefined;
  const path = credentialsFile(environment);
  return profileOf(scan(text, path), name, path);
}

/**
 * Reads one profile.
 *
 * @throws {ConfigurationError} as `readProfiles` does, and `unknown_profile`, which lists the existing profiles
 */
export function readProfile(name: string, environment: Environment): Profile {
  const profile = findProfile(name, environment);
  if (profile !== undefined) return profile;
  const path = credentialsFile(environment);
  const names = namesOf(scan(findCredentials(environment) ?? '', path)).join(', ');
  throw new ConfigurationError(
    'unknown_profile',
    `There is no profile '${name}'${names === '' ? `: ${path} has none yet` : ` in ${path}. There are: ${names}`}. ` +
      `Make it with: latchkey login --profile ${name}`,
  );
}

/**
 * Writes a profile, replacing the one of that name. Other profiles and comments stay unchanged. The file is accessible
 * only to its owner at every moment (mode 0600). Concurrent writes run one after the other.
 *
 * @param name 1 to 64 letters, digits, `-`, `_` and dots
 * @throws {ConfigurationError} `unsafe_profiles` when others can read the existing file or it cannot be written,
 *   `invalid_profiles` when it is invalid, `invalid_url` and `invalid_option` for values that could not be used
 * @example
 * ```ts
 * import { saveProfile } from '@latchkey/client';
 *
 * saveProfile('production', { token: 'sk-lm-…', url: 'https://models.example.com' });
 * ```
 */
export function saveProfile(name: string, profile: Profile, environment: Environment = processEnvironment()): void {
  checkProfileName(name);
  checkOptionNames(profile, ['token', 'url', 'project', 'serverKey']);
  checkUsable(profile);
  const wanted = keysOf(profile);
  change(environment, (text, path) => {
    const changed = setInSection(text, path, name, wanted);
    const kept = profileOf(scan(changed, path), name, path);
    if (kept === undefined || !isSame(keysOf(kept), wanted)) throw notKept(path);
    return changed;
  });
  const kept = findProfile(name, environment);
  if (kept === undefined) throw notKept(credentialsFile(environment));
}

/**
 * Removes a profile; false when there is none of that name. The rest of the file stays unchanged.
 *
 * @throws {ConfigurationError} as `saveProfile` does
 * @example
 * ```ts
 * import { removeProfile } from '@latchkey/client';
 *
 * removeProfile('production');
 * ```
 */
export function removeProfile(name: string, environment: Environment = processEnvironment()): boolean {
  checkProfileName(name);
  const path = credentialsFile(environment);
  const isIn = (text: string | undefined): boolean => namesOf(scan(text ?? '', path)).includes(name);
  if (!isIn(readForChange(environment, path))) return false;
  let isThere = false;
  change(environment, (text) => {
    isThere = isIn(text);
    return isThere ? removeSection(text, path, name) : undefined;
  });
  if (isIn(readForChange(environment, path))) throw notKept(path);
  return isThere;
}

/**
 * Checks whether profiles can be saved, so that a problem is reported before a person has entered a token.
 *
 * @throws {ConfigurationError} as `saveProfile` does
 */
export function checkProfilesWritable(environment: Environment = processEnvironment()): void {
  const path = credentialsFile(environment);
  prepareFolder(path);
  scan(readForChange(environment, path) ?? '', path);
}

function change(environment: Environment, make: (text: string, path: string) => string | undefined): void {
  const path = credentialsFile(environment);
  prepareFolder(path);
  whileLocked(realPathOf(path), () => {
    const changed = make(readForChange(environment, path) ?? '', path);
    if (changed !== undefined) writeCredentials(path, changed);
  });
}

const readForChange = (environment: Environment, path: string): string | undefined =>
  readCredentials(path, readVariable(environment, 'LATCHKEY_CREDENTIALS') !== undefined);

function checkUsable({ token, url, project, serverKey }: Profile): void {
  if (url !== undefined) readServerUrl(url, 'url');
  if (token !== undefined && !isToken(token)) {
    throw new ConfigurationError('invalid_option', 'The token has characters that none can have.');
  }
  if (serverKey !== undefined && !/^[\w-]{43}$/.test(serverKey)) {
    throw new ConfigurationError(
      'invalid_option',
      'The key of the server is not valid: it has 43 letters, digits, - and _.',
    );
  }
  if (project !== undefined && (project.trim() === '' || /[\p{Cc}\u2028\u2029\uFEFF]/u.test(project))) {
    throw new ConfigurationError('invalid_option', 'The project is empty or has characters that no name can have.');
  }
}

const isSame = (one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(one).every((key) => one[key] === other[key]);

const notKept = (path: string): ConfigurationError =>
  new ConfigurationError(
    'invalid_profiles',
    `${path} does not hold what was written to it. Look at it, and try again.`,
  );
