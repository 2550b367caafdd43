import { type Environment, processEnvironment, readVariable } from './environment.ts';
import { ConfigurationError } from './errors.ts';
import { findVariableToken, type UrlSource } from './find-token.ts';
import { checkOptionNames } from './option-names.ts';
import { DEFAULT_PROFILE, findProfile, readProfile } from './profiles/profiles.ts';
import type { Profile } from './profiles/read-profile.ts';
import { liesBelow, readServerUrl } from './server-url.ts';
import { isToken } from './token-text.ts';

/** Where a caller's token, server and project come from. An undefined option counts as absent. */
export interface ConnectionOptions {
  /** The token; by default that of a variable or of the profile. Null: none is sent. */
  readonly token?: string | null | undefined;
  /** The server; by default `LATCHKEY_URL`, the profile's, or `http://127.0.0.1:1234`. */
  readonly url?: string | undefined;
  /** The project to act for; by default `LATCHKEY_PROJECT` or the profile's. Null: none. */
  readonly project?: string | null | undefined;
  /**
   * A profile of `~/.latchkey/credentials`, which takes precedence over the environment. By default `LATCHKEY_PROFILE`
   * or `default`, over which the environment takes precedence. Null: no profile.
   */
  readonly profile?: string | null | undefined;
  /** `process.env` by default. */
  readonly environment?: Environment | undefined;
  /** The server when nothing names one; `http://127.0.0.1:1234` by default. */
  readonly defaultUrl?: string | undefined;
}

/** The server, the token and the project of a caller. */
export interface Connection {
  readonly url: string;
  readonly token?: string;
  readonly project?: string;
  /** The server's key, if the profile has one: check it with `askServer` before sending a token. */
  readonly serverKey?: string;
}

/** The names of the options, to detect unknown ones. */
export const CONNECTION_OPTIONS = ['token', 'url', 'project', 'profile', 'environment', 'defaultUrl'] as const;

const DEFAULT_URL = 'http://127.0.0.1:1234';

/**
 * Finds the server of a caller, then the token for it, and the project. Each is taken from the first of: the option of
 * its name, the profile that the option `profile` names, the environment, the profile that `LATCHKEY_PROFILE` names or
 * `[default]`. The file is not read when nothing from it is needed.
 *
 * A profile's token is sent only to the profile's server, and a variable's token never to the server of a profile.
 *
 * @throws {ConfigurationError} `invalid_url` for a URL that is not valid or has a password in it; `unknown_profile`;
 *   `wrong_server` for a token that is for another server than the one that is named; `unsafe_profiles` for a profiles
 *   file that others can read; `invalid_profiles`; `invalid_option` for a token or a project that cannot be sent
 * @example
 * ```ts
 * import { resolveConnection } from '@latchkey/client';
 *
 * const environment = { LATCHKEY_API_TOKEN: 'sk-lm-…', LATCHKEY_URL: 'https://models.example.com' };
 * console.log(resolveConnection({ environment }).url); // https://models.example.com
 * ```
 */
export function resolveConnection(options: ConnectionOptions = {}): Connection {
  checkOptionNames(options, CONNECTION_OPTIONS);
  const environment = options.environment ?? processEnvironment();
  const found = isProfileWanted(options, environment) ? findChosen(options, environment) : undefined;
  const { url, source } = findUrl(options, environment, found);
  const isItsServer = isFor(found, url, source);
  const token = findToken(options, environment, { found, url, source, isItsServer });
  const own = isItsServer ? found?.profile.project : undefined;
  const project =
    options.project === undefined
      ? ((found?.goesFirst === true ? own : undefined) ?? readVariable(environment, 'LATCHKEY_PROJECT') ?? own)
      : options.project;
  const key = isItsServer && found?.profile.url !== undefined ? found.profile.serverKey : undefined;
  return {
    url,
    ...presentToken(token),
    ...presentProject(project ?? undefined),
    ...(key === undefined ? {} : { serverKey: key }),
  };
}

interface Chosen {
  readonly name: string;
  readonly profile: Profile;
  /** Whether the option or the environment names it. */
  readonly isNamed: boolean;
  /** Whether it takes precedence over the environment, because the option names it. */
  readonly goesFirst: boolean;
}

interface Place {
  readonly found: Chosen | undefined;
  readonly url: string;
  readonly source: UrlSource;
  readonly isItsServer: boolean;
}

/** Whether the profiles file is needed. If not, it is not read, so an invalid file causes no error. */
function isProfileWanted(options: ConnectionOptions, environment: Environment): boolean {
  if (options.profile === null) return false;
  if (options.profile !== undefined) return true;
  const hasUrl = options.url !== undefined || readVariable(environment, 'LATCHKEY_URL') !== undefined;
  const source = options.url === undefined ? 'variable' : 'option';
  const hasToken = options.token !== undefined || findVariableToken(environment, source) !== undefined;
  const hasProject = options.project !== undefined || readVariable(environment, 'LATCHKEY_PROJECT') !== undefined;
  // With a URL and a token of its own, the caller does not need the project of the default profile.
  return !(hasUrl && hasToken && (hasProject || readVariable(environment, 'LATCHKEY_PROFILE') === undefined));
}

function findChosen(options: ConnectionOptions, environment: Environment): Chosen | undefined {
  const name = options.profile ?? readVariable(environment, 'LATCHKEY_PROFILE')?.trim();
  if (name === undefined) {
    const profile = findProfile(DEFAULT_PROFILE, environment);
    return profile && withCheckedUrl({ name: DEFAULT_PROFILE, profile, isNamed: false, goesFirst: false });
  }
  const profile = readProfile(name, environment);
  return withCheckedUrl({ name, profile, isNamed: true, goesFirst: typeof options.profile === 'string' });
}

function withCheckedUrl(found: Chosen): Chosen {
  const { url } = found.profile;
  if (url === undefined) return found;
  return { ...found, profile: { ...found.profile, url: readServerUrl(url, `url of the profile '${found.name}'`) } };
}

function findUrl(
  options: ConnectionOptions,
  environment: Environment,
  found: Chosen | undefined,
): { readonly url: string; readonly source: UrlSource } {
  const own = found?.profile.url;
  if (options.url !== undefined) return { url: readServerUrl(options.url, 'url'), source: 'option' };
  if (found?.goesFirst === true && own !== undefined) return { url: own, source: 'profile' };
  const variable = readVariable(environment, 'LATCHKEY_URL');
  if (variable !== undefined) return { url: readServerUrl(variable, 'LATCHKEY_URL'), source: 'variable' };
  if (own !== undefined) return { url: own, source: 'profile' };
  return { url: readServerUrl(options.defaultUrl ?? DEFAULT_URL, 'defaultUrl'), source: 'default' };
}

/** A profile without a URL is for any server except one that the environment names. */
function isFor(found: Chosen | undefined, url: string, source: UrlSource): boolean {
  if (found === undefined) return false;
  const own = found.profile.url;
  return own === undefined ? source !== 'variable' : liesBelow(url, own);
}

function findToken(options: ConnectionOptions, environment: Environment, place: Place): string | undefined {
  const { found, url, source, isItsServer } = place;
  if (options.token !== undefined) return options.token ?? undefined;
  const own = isItsServer ? found?.profile.token : undefined;
  if (found?.goesFirst === true && own !== undefined) return own;
  const variable = found?.goesFirst === true && !isItsServer ? undefined : findVariableToken(environment, source);
  if (variable !== undefined) return checked(variable.token, variable.name);
  if (
    source === 'profile' &&
    readVariable(environment, 'LATCHKEY_API_TOKEN') !== undefined &&
    found?.goesFirst !== true
  ) {
    throw new ConfigurationError(
      'wrong_server',
      `LATCHKEY_API_TOKEN is set, and is not sent to the server of the profile '${found?.name}'. Set LATCHKEY_URL to ` +
        'the server that it is for, or name the profile to use its own token.',
    );
  }
  if (own !== undefined || found === undefined || isItsServer || !found.isNamed) return own;
  const whose = found.profile.url === undefined ? 'has no url' : `is for ${found.profile.url}`;
  throw new ConfigurationError(
    'wrong_server',
    `The profile '${found.name}' ${whose}, and its token is sent nowhere else; the URL is ${url}. ` +
      'Name the profile of that server, or give a token.',
  );
}

const presentToken = (token: string | undefined): { readonly token?: string } =>
  token === undefined ? {} : { token: checked(token, 'The token') };

function checked(text: string, from: string): string {
  const token = text.trim();
  const fail = (problem: string): never => {
    throw new ConfigurationError('invalid_option', `${from} ${problem}`);
  };
  if (token === '') fail('is empty. Leave it out, or give a whole one.');
  if (/^bearer\s/i.test(token)) fail('begins with Bearer. Give the token alone, without the word.');
  if (/^["'].*["']$/s.test(token)) fail('is in quotes, which are sent with it. Take them off.');
  if (/^[A-Z][A-Z0-9_]*=/.test(token)) fail('begins with the name of a variable. Give what stands behind the =.');
  if (!isToken(token)) fail('has characters that none can have. Check that it was copied whole, without a line break.');
  return token;
}

function presentProject(project: string | undefined): { readonly project?: string } {
  if (project === undefined) return {};
  if (/[^\p{Cc}\s]/u.test(project) && !/\p{Cc}/u.test(project)) return { project };
  throw new ConfigurationError('invalid_option', 'The project is empty or has characters that no name can have.');
}
