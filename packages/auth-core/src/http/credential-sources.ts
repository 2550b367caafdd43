import { fromBase64url } from '../token/base64url.ts';
import type { PresentedRequest } from './presented-request.ts';
import { readOnce, readScheme, refuseMalformed, requireVisible } from './read-credential.ts';

/** One place of a request that may hold a token. */
export type CredentialSource =
  /**
   * Schemes of `Authorization`, in any case: `{ authorization: ['Bearer', 'Api-Key'] }`. With `Basic` the token is the
   * password.
   */
  | { readonly authorization: readonly string[] }
  /** A header field that holds the token alone: `{ header: 'Private-Token' }`. */
  | { readonly header: string }
  /**
   * A cookie, percent-encoded or not. It counts only in requests that the site's own pages send, and those that a user
   * typed: any other site can make a browser send it.
   */
  | { readonly cookie: string }
  /**
   * A WebSocket subprotocol with this prefix and the token as base64url, for browsers, which cannot set header fields
   * there: `new WebSocket(url, ['chat', 'bearer.' + base64url])`. Answer with another subprotocol of the request.
   */
  | { readonly webSocketProtocol: string }
  /** A query parameter. Logs of servers and proxies, histories and `Referer` header fields show it. */
  | { readonly queryParameterThatLogsShow: string };

type ReadSource = (request: PresentedRequest) => string | undefined;

const WORD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;

/**
 * Creates the function that reads the token of a request from these places, in this order: the first that holds one
 * decides, and those after it are not read. A place that is empty, such as `Authorization: Bearer`, holds none.
 *
 * The function throws `AUTH_TOKEN_MALFORMED` as `readCredential` does.
 *
 * @throws {TypeError} when a source is not one
 * @example
 * ```ts
 * import { createCredentialReader, readFetchRequest } from '@latchkey/auth-core/http';
 *
 * // A gateway uses Authorization for itself; scripts send the key there, too.
 * const read = createCredentialReader([{ header: 'X-Api-Key' }, { authorization: ['Bearer'] }]);
 * const headers = { authorization: 'Bearer the.gateways.jwt', 'x-api-key': 'key_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB' };
 * const request = new Request('https://api.example/', { headers });
 * console.log(read(readFetchRequest(request))); // key_AAAAAAAA:BBBBBBBBBBBBBBBBBBBB
 * ```
 */
export function createCredentialReader(sources: readonly CredentialSource[]): ReadSource {
  if (!Array.isArray(sources) || sources.length === 0) throw new TypeError('credentials must be a list of sources');
  const readers = sources.map((source, index) => readerOf(source, `credentials[${index}]`));
  return function read(request) {
    for (const readSource of readers) {
      const credential = readSource(request);
      if (credential !== undefined && credential !== '') return requireVisible(credential);
    }
    return undefined;
  };
}

/** Whether one of the sources is HTTP Basic. */
export function includesBasic(sources: readonly CredentialSource[] = []): boolean {
  return sources.some(
    (source) => 'authorization' in source && source.authorization.some((scheme) => scheme.toLowerCase() === 'basic'),
  );
}

function readerOf(source: CredentialSource, at: string): ReadSource {
  const entries = Object.entries(source ?? {});
  const [kind, name] = entries[0] ?? [];
  const names: readonly unknown[] = [name].flat();
  const isWord = names.length > 0 && names.every((word) => typeof word === 'string' && WORD.test(word));
  if (entries.length !== 1 || !isWord)
    throw new TypeError(`${at} must be one source with a name; see CredentialSource`);
  const text = String(name);
  switch (kind) {
    case 'authorization': {
      const schemes = new Set(names.map((scheme) => String(scheme).toLowerCase()));
      return ({ header }) => readScheme(readOnce(header('authorization')), schemes);
    }
    case 'header':
      return ({ header }) => readOnce(header(text.toLowerCase()));
    case 'cookie':
      return (request) => readCookie(request, text);
    case 'webSocketProtocol':
      return (request) => readProtocol(request, text);
    case 'queryParameterThatLogsShow':
      return (request) => readParameter(request, text);
    default:
      throw new TypeError(`${at} is not a source: ${kind}`);
  }
}

function readCookie(request: PresentedRequest, name: string): string | undefined {
  const pairs = request.header('cookie').flatMap((line) => line.split(';'));
  const values = new Set<string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals).trim() === name) values.add(pair.slice(equals + 1).trim());
  }
  values.delete('');
  // A page of a sibling domain can set a cookie of the same name for this one.
  if (values.size > 1) refuseMalformed();
  const [value] = values;
  return value === undefined || !isOfOwnSite(request) ? undefined : decodeCookie(value);
}

/** Express and others write `:` as `%3A`. */
function decodeCookie(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return refuseMalformed();
  }
}

/** Whether a page of the same origin sends the request, or no page does, as far as the browser says. */
function isOfOwnSite({ header, url }: PresentedRequest): boolean {
  const site = header('sec-fetch-site');
  if (site.length > 0) return site.length === 1 && (site[0] === 'same-origin' || site[0] === 'none');
  const origin = header('origin');
  if (origin.length === 0) return true;
  const host = header('host')[0] ?? (URL.canParse(url ?? '') ? new URL(url ?? '').host : undefined);
  const [, authority] = /^https?:\/\/(.+)$/.exec(origin.join()) ?? [];
  return authority !== undefined && authority === host?.toLowerCase();
}

function readProtocol({ header }: PresentedRequest, prefix: string): string | undefined {
  const offered = header('sec-websocket-protocol')
    .flatMap((line) => line.split(','))
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol.startsWith(prefix));
  if (offered.length > 1) refuseMalformed();
  const encoded = offered[0]?.slice(prefix.length);
  if (encoded === undefined) return undefined;
  // A credential is ASCII, one byte for each character.
  const bytes = fromBase64url(encoded) ?? refuseMalformed();
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

function readParameter({ url = '' }: PresentedRequest, name: string): string | undefined {
  const [address = ''] = url.split('#', 1);
  const question = address.indexOf('?');
  if (question < 0) return undefined;
  const values = new URLSearchParams(address.slice(question + 1)).getAll(name);
  if (values.length > 1) refuseMalformed();
  return values[0];
}
