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
const SCHEME = /^(bearer|token|basic)(?: +|$)/i;
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
  const authorized = orAbsent(authorization === undefined ? undefined : readAuthorization(authorization, basic));
  const credential = authorized ?? apiKey;
  if (authorized !== undefined && apiKey !== undefined && authorized !== apiKey) refuse();
  if (credential !== undefined && !VISIBLE.test(credential)) refuse();
  return credential;
}

/** Some clients send the header without a value when no key is configured. */
const orAbsent = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function readAuthorization(value: string, basic: boolean): string | undefined {
  const [head, scheme] = SCHEME.exec(value) ?? [];
  if (head === undefined || scheme === undefined) return undefined;
  const credentials = value.slice(head.length);
  if (scheme.toLowerCase() !== 'basic') return credentials;
  return basic ? readPassword(credentials) : undefined;
}

/** RFC 7617 2: `user:password` in UTF-8 and base64; a user name holds no colon, a password may. */
function readPassword(credentials: string): string {
  if (!BASE64.test(credentials)) refuse();
  const binary = atob(credentials);
  // Unused trailing bits would give one password several spellings.
  if (btoa(binary) !== credentials) refuse();
  const text = decodeUtf8(binary);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) refuse();
  return text.slice(colon + 1);
}

function readOnce(values: readonly string[]): string | undefined {
  const [value] = values;
  if (values.length > 1 || (value !== undefined && value.length > MAXIMUM_LENGTH)) refuse();
  return value;
}

function refuse(): never {
  throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
}
