import { isIP } from 'node:net';
import { type AddressPolicy, createAddressPolicy } from '../transport/address-policy.ts';
import type { Fetch } from '../transport/guarded-fetch.ts';
import {
  createPinnedFetch,
  hostOf,
  type NameResolver,
  type PinnedAddresses,
  type PinnedFetch,
  pinAddresses,
} from '../transport/pinned-fetch.ts';
import { LoginError, refused } from './login-error.ts';

/** Metadata and answers of a token endpoint are a few kilobytes long. */
const mostBytes = 256 * 1024;
/** For one request, its redirects and its body. */
const longestMs = 10_000;
const mostRedirects = 3;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];
const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '::1'];

export interface OAuthRequestsOptions {
  /**
   * The server's URL, as its operator wrote it: its host may be named, whatever address that has. Absent where no URL is
   * an operator's.
   */
  readonly server?: URL;
  /** Further URLs of the operator, e.g. the issuer. */
  readonly written?: readonly URL[];
  /** Further hosts, addresses and ranges that are not on the public internet and may be reached. */
  readonly privateHosts?: readonly string[];
  readonly resolve: NameResolver;
  /** Absent: with checked addresses only; see `createPinnedFetch`. */
  readonly connect?: (addresses: PinnedAddresses) => PinnedFetch;
}

/** An answer that was read to its end. */
export interface OAuthAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON object of the body; undefined when it is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Requests to addresses that metadata named. Metadata comes from strangers: a URL of it is https on the public
 * internet, or on a host that the operator wrote. Each host is resolved once, and connections go only to the addresses
 * that were checked. Answers are bounded in size and time. A redirect is followed only when reading metadata, and only
 * within its origin.
 */
export interface OAuthRequests extends Disposable {
  /** The URL, if it may be used at all; for one that is shown to a person as well. @throws LoginError `refused` */
  check(url: string, what: string): URL;
  /** @throws LoginError `refused`, `unavailable`; the signal's reason when it is aborted */
  get(url: URL, what: string, signal: AbortSignal): Promise<OAuthAnswer>;
  /** Posts a form, or JSON. @throws as `get` does */
  post(
    url: URL,
    what: string,
    sent: { readonly form: URLSearchParams; readonly headers?: Record<string, string> } | { readonly json: object },
    signal: AbortSignal,
  ): Promise<OAuthAnswer>;
}

export function createOAuthRequests(options: OAuthRequestsOptions): OAuthRequests {
  const { server, written = [], privateHosts = [], resolve, connect = createPinnedFetch } = options;
  const own = [...(server === undefined ? [] : [server]), ...written].map(hostOf);
  // "localhost" and its addresses are one machine.
  const inward = own.some((host) => loopbackNames.includes(host)) ? [...own, ...loopbackNames] : own;
  const named = new Set([...inward, ...privateHosts.map((host) => host.toLowerCase())]);
  const allows: AddressPolicy = createAddressPolicy([...named]);
  const origins = new Map<string, PinnedFetch>();

  function check(text: string, what: string): URL {
    const url = text.length > 2048 ? null : URL.parse(text);
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw refused(`${what} is not an https URL`);
    }
    if (url.username !== '' || url.password !== '') throw refused(`${what} has a user name in it`);
    const host = hostOf(url);
    if (url.protocol === 'http:' && !(loopbackNames.includes(host) && named.has(host)) && !privateHosts.includes(host))
      throw refused(`${what} must be https`);
    if (isIP(host) !== 0 && !allows(host, host)) throw refused(`${what} has ${NOT_REACHED}`);
    return url;
  }

  function fetchOf(url: URL): Fetch {
    const known = origins.get(url.origin);
    if (known !== undefined) return known.fetch;
    const made = connect(pinAddresses(new URL(url.origin), allows, resolve));
    origins.set(url.origin, made);
    return made.fetch;
  }

  async function send(first: URL, what: string, init: RequestInit, signal: AbortSignal): Promise<OAuthAnswer> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
    let url = check(first.href, what);
    try {
      for (let hops = 0; ; hops += 1) {
        const response = await fetchOf(url)(url, { ...init, redirect: 'manual', signal: limit });
        const { status, headers } = response;
        if (!redirectStatuses.includes(status))
          return { status, headers, body: await readObject(response, what, limit) };
        await response.body?.cancel();
        const next = URL.parse(headers.get('location') ?? '', url.href);
        if (init.method !== 'GET' || hops === mostRedirects || next?.origin !== url.origin) {
          throw refused(`${what} sends its caller elsewhere`);
        }
        url = check(next.href, what);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LoginError) throw error;
      if (limit.aborted) throw new LoginError('unavailable', `${what} takes too long to answer`);
      // The only other reason for which an address is not reached; the name may have been changed (DNS rebinding).
      if (error instanceof TypeError && error.message.includes('may be reached')) {
        throw refused(`${what} has ${NOT_REACHED}`);
      }
      throw new LoginError('unavailable', `${what} cannot be reached`, { cause: error });
    }
  }

  return {
    check,
    get: (url, what, signal) => send(url, what, { method: 'GET', headers: { accept: 'application/json' } }, signal),
    post(url, what, sent, signal) {
      const isForm = 'form' in sent;
      const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
      const headers = { accept: 'application/json', 'content-type': type, ...(isForm ? sent.headers : {}) };
      const body = isForm ? sent.form.toString() : JSON.stringify(sent.json);
      return send(url, what, { method: 'POST', headers, body }, signal);
    },
    [Symbol.dispose]() {
      for (const origin of origins.values()) origin[Symbol.dispose]();
    },
  };
}

const NOT_REACHED = 'an address that may not be reached; its operator can name its host in "privateHosts"';

async function readObject(
  response: Response,
  what: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  const stop = (): void => void reader?.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const part = await reader?.read();
      signal.throwIfAborted();
      if (part === undefined || part.done) break;
      size += part.value.length;
      if (size > mostBytes) {
        stop();
        throw refused(`${what} answers with more than ${mostBytes} bytes`);
      }
      chunks.push(part.value);
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
  try {
    const read: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? { ...read } : undefined;
  } catch {
    return undefined;
  }
}
