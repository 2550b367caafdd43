import { type Environment, readVariable } from './environment.ts';
import { ConfigurationError } from './errors.ts';
import { DEFAULT_PROFILE, type Profile, readProfile, readProfiles } from './profiles/profiles.ts';
import { readServerUrl } from './server-url.ts';

/** Where a caller's token, server and project come from. */
export interface ConnectionOptions {
  /** The token; by default `LATCHKEY_API_TOKEN`, `LM_API_TOKEN`, or the profile's. */
  readonly token?: string;
  /** The server; by default `LATCHKEY_URL`, the profile's, or `http://127.0.0.1:1234`. */
  readonly url?: string;
  /** The project to act for; by default `LATCHKEY_PROJECT` or the profile's. */
  readonly project?: string;
  /**
   * A profile of `~/.latchkey/credentials`, which then goes before the environment. By default `LATCHKEY_PROFILE` or
   * `default`, which go behind it. Null: none at all.
   */
  readonly profile?: string | null;
  /** `process.env` by default. */
  readonly environment?: Environment;
  /** The server when nothing names one; `http://127.0.0.1:1234` by default. */
  readonly defaultUrl?: string;
}

/** Which server is spoken to, and as whom. */
export interface Connection {
  readonly url: string;
  readonly token?: string;
  readonly project?: string;
}

const TOKEN = /^[\x21-\x7e]+$/;
const DEFAULT_URL = 'http://127.0.0.1:1234';

/**
 * Finds the token, the server and the project of a caller, each on its own, in this order: the option of its name, the
 * profile that the option `profile` names, the environment, the profile that `LATCHKEY_PROFILE` names or `[default]`.
 *
 * A profile with a `url` is used for that server alone: its token goes to no other, whatever the URL is set to.
 *
 * @throws {ConfigurationError} `invalid_url` for a URL that is none or has a password in it; `unknown_profile`;
 *   `wrong_server` for a profile that was named and is for another server; `unsafe_profiles` for a profiles file that
 *   others can read; `invalid_profiles`; `invalid_option` for a token or a project that can't be sent
 * @example
 * ```ts
 * import { resolveConnection } from '@latchkey/client';
 *
 * const environment = { LATCHKEY_API_TOKEN: 'sk-lm-…', LATCHKEY_URL: 'https://models.example.com' };
 * console.log(resolveConnection({ environment }).url); // https://models.example.com
 * ```
 */
export function resolveConnection(options: ConnectionOptions = {}): Connection {
  const { environment = process.env } = options;
  const found = findProfile(options, environment);
  const first = found?.goesFirst === true ? found.profile : {};
  const url = findUrl(options, environment, found);
  const isItsServer = found?.profile.url === undefined || sameOrigin(found.profile.url, url);
  const last = isItsServer ? (found?.profile ?? {}) : {};

  const variable = readVariable(environment, 'LATCHKEY_API_TOKEN', 'LM_API_TOKEN');
  const ahead = options.token ?? (first.token === undefined ? variable : undefined);
  if (!isItsServer && found?.isNamed === true && ahead === undefined) {
    throw new ConfigurationError(
      'wrong_server',
      `The profile '${found.name}' is for ${found.profile.url}, and its token is sent nowhere else; the URL is ${url}. ` +
        'Name the profile of that server, or give a token.',
    );
  }
  const token = ahead ?? last.token;
  const project =
    options.project ?? (isItsServer ? first.project : undefined) ?? readVariable(environment, 'LATCHKEY_PROJECT');
  return {
    url,
    ...(token === undefined ? {} : { token: checkToken(token) }),
    ...presentProject(project ?? last.project),
  };
}

interface FoundProfile {
  readonly name: string;
  readonly profile: Profile;
  /** By the option or by the environment. */
  readonly isNamed: boolean;
  /** Named by the option, it goes before the environment. */
  readonly goesFirst: boolean;
}

function findProfile(options: ConnectionOptions, environment: Environment): FoundProfile | undefined {
  if (options.profile === null) return undefined;
  const name = options.profile ?? readVariable(environment, 'LATCHKEY_PROFILE');
  if (name === undefined) {
    const profile = readProfiles(environment).get(DEFAULT_PROFILE);
    return profile && withCheckedUrl({ name: DEFAULT_PROFILE, profile, isNamed: false, goesFirst: false });
  }
  const profile = readProfile(name, environment);
  return withCheckedUrl({ name, profile, isNamed: true, goesFirst: options.profile !== undefined });
}

function withCheckedUrl(found: FoundProfile): FoundProfile {
  const { url } = found.profile;
  if (url === undefined) return found;
  return { ...found, profile: { ...found.profile, url: readServerUrl(url, `url of the profile '${found.name}'`) } };
}

function findUrl(options: ConnectionOptions, environment: Environment, found: FoundProfile | undefined): string {
  if (options.url !== undefined) return readServerUrl(options.url, 'url');
  if (found?.goesFirst === true && found.profile.url !== undefined) return found.profile.url;
  const variable = readVariable(environment, 'LATCHKEY_URL');
  if (variable !== undefined) return readServerUrl(variable, 'LATCHKEY_URL');
  return found?.profile.url ?? readServerUrl(options.defaultUrl ?? DEFAULT_URL, 'defaultUrl');
}

const sameOrigin = (one: string, other: string): boolean => new URL(one).origin === new URL(other).origin;

/** Fetch would quote a text that can be no header in its error. */
function checkToken(text: string): string {
  const token = text.trim();
  if (TOKEN.test(token)) return token;
  throw new ConfigurationError(
    'invalid_option',
    token === ''
      ? 'The token is empty. Leave it out, or give a whole one.'
      : 'The token has characters that none can have. Check that it was copied whole, without a line break.',
  );
}

function presentProject(project: string | undefined): { readonly project?: string } {
  if (project === undefined) return {};
  if (/[^\p{Cc}\s]/u.test(project) && !/\p{Cc}/u.test(project)) return { project };
  throw new ConfigurationError('invalid_option', 'The project is empty or has characters that no name can have.');
}
