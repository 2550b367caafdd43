import { z } from 'zod';
import { dictionary } from './dictionary.ts';
import { urlProblem } from './http-fields.ts';
import { check, invalid, type KeyPath } from './invalid-config.ts';
import { printKeyPath } from './parse-jsonc.ts';

/** How a remote server is signed in to. */
export interface LoginSettings {
  /** Whose account is used: each owner's own, or one account for all callers that may use the server. */
  readonly account: 'user' | 'shared';
  /** `login`: a person signs in. The other two need no person. */
  readonly grant: 'login' | 'client_credentials' | 'token_exchange';
  /** The only authorization server that is used. Absent: the one that the server's metadata names first. */
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** The https URL of a client id metadata document. Absent: that of the host, if it has one. */
  readonly clientMetadataUrl?: string;
  readonly scopes?: readonly string[];
  /** Where the redirect of a registered client arrives; absent: any free port. */
  readonly callbackPort?: number;
  readonly callbackHost?: 'localhost' | '127.0.0.1';
  /** Hosts that the metadata may name although they are not on the public internet: names, addresses, ranges. */
  readonly privateHosts: readonly string[];
}

/** The keys that hold these settings, in the notations of all hosts. */
export const loginKeys: readonly string[] = ['oauth', 'auth'];

const printable = z.string().regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without blanks');
const scopeList = z
  .union([z.string().transform((text) => text.split(' ').filter((word) => word !== '')), z.array(z.string()).max(64)])
  .pipe(z.array(printable).max(64));

const schema = z.object({
  enabled: z.boolean().default(true),
  account: z.enum(['user', 'shared']).optional(),
  grant: z.enum(['login', 'client_credentials', 'token_exchange']).default('login'),
  issuer: z.string().min(1).optional(),
  clientId: z.string().min(1).max(2048).optional(),
  clientSecret: z.string().min(1).max(4096).optional(),
  clientMetadataUrl: z.string().min(1).optional(),
  scopes: scopeList.optional(),
  callbackPort: z.number().int().min(1).max(65_535).optional(),
  callbackHost: z.enum(['localhost', '127.0.0.1']).optional(),
  privateHosts: z.array(printable).max(64).default([]),
});

/** Other spellings of the keys: Cursor's, and the names that OAuth itself uses. */
const spellings: ReadonlyMap<string, string> = new Map([
  ['CLIENT_ID', 'clientId'],
  ['client_id', 'clientId'],
  ['CLIENT_SECRET', 'clientSecret'],
  ['client_secret', 'clientSecret'],
  ['scope', 'scopes'],
]);

export interface ReadLogin {
  /** Absent: the entry says nothing, or switches signing in off. */
  readonly login?: LoginSettings;
  /** Whether the entry switches signing in off. */
  readonly isOff: boolean;
  readonly warnings: readonly string[];
}

/**
 * Reads how a remote server is signed in to. `true` means the defaults; `false` or `"enabled": false` means that no
 * login is offered.
 *
 * @param fill replaces the placeholders of a text
 * @throws BridgeError `MCP_CONFIG_INVALID` with the path of the key
 */
export function readLogin(
  raw: Readonly<Record<string, unknown>>,
  path: KeyPath,
  fill: (text: string, ...key: KeyPath) => string,
): ReadLogin {
  const [key, second] = loginKeys.filter((name) => Object.hasOwn(raw, name));
  if (key === undefined) return { isOff: false, warnings: [] };
  const at = [...path, key];
  if (second !== undefined) throw invalid([...path, second], `means the same as "${key}"; keep one`);
  if (raw[key] === false) return { isOff: true, warnings: [] };
  // In other files, a word names the kind of authentication.
  const isKind = typeof raw[key] === 'string' && /^oauth/i.test(raw[key]);
  const written = raw[key] === true || isKind ? {} : raw[key];
  const named: Record<string, unknown> = {};
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(check(dictionary(z.unknown()), written, at))) {
    const known = spellings.get(name) ?? name;
    if (!Object.hasOwn(schema.shape, known)) {
      warnings.push(`${printKeyPath([...at, name])} is not known and has no effect`);
    } else if (Object.hasOwn(named, known)) {
      throw invalid([...at, name], `means the same as "${known}"; keep one`);
    } else {
      named[known] = value;
    }
  }
  const { enabled, account, issuer, clientId, clientSecret, clientMetadataUrl, ...read } = check(schema, named, at);
  if (!enabled) return { isOff: true, warnings };
  if (read.grant === 'client_credentials' && account === 'user') {
    throw invalid([...at, 'account'], 'cannot be "user" with client_credentials, which has one account for all');
  }
  const filled = (text: string | undefined, name: string) =>
    text === undefined || text === '' ? {} : { [name]: fill(text, key, name) };
  const settings = {
    ...read,
    account: account ?? (read.grant === 'client_credentials' ? 'shared' : 'user'),
    ...filled(issuer, 'issuer'),
    ...filled(clientId, 'clientId'),
    ...filled(clientSecret, 'clientSecret'),
    ...filled(clientMetadataUrl, 'clientMetadataUrl'),
  } as LoginSettings;
  for (const name of ['issuer', 'clientMetadataUrl'] as const) {
    const problem = settings[name] === undefined ? undefined : urlProblem(settings[name]);
    if (problem !== undefined) throw invalid([...at, name], problem);
  }
  if (settings.clientMetadataUrl?.startsWith('http:')) throw invalid([...at, 'clientMetadataUrl'], 'must be https');
  if (settings.grant === 'client_credentials' && settings.clientId === undefined) {
    throw invalid(at, 'needs "clientId" and "clientSecret" for client_credentials');
  }
  if (settings.clientSecret !== undefined && settings.clientId === undefined) {
    throw invalid([...at, 'clientSecret'], 'needs "clientId"');
  }
  return { login: Object.freeze(settings), isOff: false, warnings };
}
