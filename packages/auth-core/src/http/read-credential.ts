import { DEFAULT_NAMES } from '../authority/names.ts';
import { InvalidTokenError } from '../errors.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import type { ReadHeader } from './read-header.ts';

/** Options of {@link readCredential}. */
export interface ReadCredentialOptions {
  /** Accept HTTP Basic (RFC 7617) as well, with the token as the password. Off by default. */
  readonly basic?: boolean;
  /** The header that may hold a token alone: `X-Api-Key` by default. See `AuthNames.keyHeader`. */
  readonly keyHeader?: string;
}

/** The longest header field that is accepted, in characters. */
const MAXIMUM_LENGTH = 8192;
const SCHEME = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64})(?:[ \t]+|$)/;
const DEFAULT_SCHEMES: ReadonlySet<string> = new Set(['bearer', 'token']);
const WITH_BASIC: ReadonlySet<string> = new Set([...DEFAULT_SCHEMES, 'basic']);
const VISIBLE = /^[\x21-\x7e]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads the one token that a request presents: `Authorization: Bearer TOKEN` (RFC 6750 2.1), `Authorization: Token
 * TOKEN`, `X-Api-Key: TOKEN`, or, where it is switched on, HTTP Basic with the token as the password and any user name.
 * The case of the scheme does not matter. For another scheme or an empty credential, undefined is returned.
 *
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED` when a header appears twice, is longer than 8192 characters, holds
 * anything but visible ASCII, or when two headers present different tokens
 * @example
 * ```ts
 * import { readCredential } from '@latchkey/auth-core/http';
 *
 * const headers: Record<string, string[]> = { authorization: ['Bearer key_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB'] };
 * console.log(readCredential((name) => headers[name] ?? [])); // key_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB
 * ```
 */
export function readCredential(
  readHeader: ReadHeader,
  { basic = false, keyHeader = DEFAULT_NAMES.keyHeader }: ReadCredentialOptions = {},
): string | undefined {
  const authorization = readOnce(readHeader('authorization'));
  const apiKey = orAbsent(readOnce(readHeader(keyHeader.toLowerCase())));
  const authorized = orAbsent(readScheme(authorization, basic ? WITH_BASIC : DEFAULT_SCHEMES));
  const credential = authorized ?? apiKey;
  if (authorized !== undefined && apiKey !== undefined && authorized !== apiKey) refuseMalformed();
  return credential === undefined ? undefined : requireVisible(credential);
}

/** Some clients send the header without a value when no key is configured. */
const orAbsent = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** The credential in the value of `Authorization`, if its scheme is one of these, in lower case. */
export function readScheme(value: string | undefined, schemes: ReadonlySet<string>): string | undefined {
  const [head, scheme] = SCHEME.exec(value ?? '') ?? [];
  if (head === undefined || scheme === undefined || value === undefined) return undefined;
  const name = scheme.toLowerCase();
  if (!schemes.has(name)) return undefined;
  const credentials = value.slice(head.length);
  return name === 'basic' ? readPassword(credentials) : credentials;
}

/** RFC 7617 2: `user:password` in UTF-8 and base64; a user name holds no colon, a password may. */
function readPassword(credentials: string): string {
  if (!BASE64.test(credentials)) refuseMalformed();
  const binary = atob(credentials);
  // Unused trailing bits would give one password several spellings.
  if (btoa(binary) !== credentials) refuseMalformed();
  const text = decodeUtf8(binary);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) refuseMalformed();
  return text.slice(colon + 1);
}

/** The value of a header field that is sent once. */
export function readOnce(values: readonly string[]): string | undefined {
  const [value] = values;
  if (values.length > 1 || (value !== undefined && value.length > MAXIMUM_LENGTH)) refuseMalformed();
  return value;
}

/** Refuses a credential that no token can be. */
export function requireVisible(credential: string): string {
  if (credential.length > MAXIMUM_LENGTH || !VISIBLE.test(credential)) refuseMalformed();
  return credential;
}

export function refuseMalformed(): never {
  throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
}
