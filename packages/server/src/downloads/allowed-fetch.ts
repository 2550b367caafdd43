import { createAddressPolicy, createPinnedFetch, pinAddresses, resolveBySystem } from '@latchkey/mcp-bridge';
import { hostPattern } from '../config/name-patterns.ts';
import { DownloadFailure } from './download-failure.ts';

/** From where models may be downloaded. */
export interface DownloadPlaces {
  /** The server that answers as Hugging Face does. */
  readonly baseUrl: string;
  /** Sent to the origin of `baseUrl` and to no other. */
  readonly token?: string | undefined;
  /** Host names besides that of `baseUrl`; `*.example.com` matches all names below it. */
  readonly hosts: readonly string[];
  /** Host names, addresses and ranges that may be reached although they are not on the public internet. */
  readonly allowPrivateHosts: readonly string[];
}

/** An answer; disposing it closes its connection. */
export interface OpenedAnswer extends Disposable {
  readonly response: Response;
  /** Where the redirects have led. */
  readonly url: URL;
}

/** Requests a URL, follows redirects within the permitted hosts. Throws DownloadFailure. */
export type AllowedFetch = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<OpenedAnswer>;

const MOST_REDIRECTS = 6;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Requests only permitted hosts, at addresses that are resolved once and checked, and decides each redirect as if it
 * had been asked for. The token is sent to its own origin only.
 */
export function createAllowedFetch(places: DownloadPlaces): AllowedFetch {
  const base = new URL(places.baseUrl);
  const allows = createAddressPolicy(places.allowPrivateHosts);
  const patterns = places.hosts.map((host) => hostPattern(host) ?? ((name: string) => name === host.toLowerCase()));

  function requireAllowed(url: URL): void {
    const { hostname: host, origin, protocol } = url;
    if (url.username !== '' || url.password !== '') throw new DownloadFailure('A URL must not contain a user.');
    if (host !== base.hostname && !patterns.some((matches) => matches(host))) {
      throw new DownloadFailure(`Nothing is downloaded from ${host}: it is not in downloads.hosts.`);
    }
    const isPlain = protocol === 'http:' && (origin === base.origin || places.allowPrivateHosts.includes(host));
    if (protocol !== 'https:' && !isPlain) {
      throw new DownloadFailure(`Nothing is downloaded from ${host} without TLS.`);
    }
  }

  async function request(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    requireAllowed(url);
    const addresses = pinAddresses(url, allows, resolveBySystem);
    const pinned = createPinnedFetch(addresses);
    const own = places.token !== undefined && url.origin === base.origin;
    const authorization = own ? { authorization: `Bearer ${places.token}` } : {};
    try {
      const response = await pinned.fetch(url.href, { headers: { ...headers, ...authorization }, signal });
      return { response, url, [Symbol.dispose]: () => pinned[Symbol.dispose]() };
    } catch (error) {
      pinned[Symbol.dispose]();
      if (signal.aborted) throw signal.reason;
      const { refusal } = addresses;
      const why = refusal === undefined ? 'could not be reached' : `is not reached: ${refusal}`;
      throw new DownloadFailure(`${url.hostname} ${why}.`, { cause: error, isPassing: refusal === undefined });
    }
  }

  return async (target, headers, signal) => {
    let url = new URL(target);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const answer = await request(url, headers, signal);
      const location = answer.response.headers.get('location');
      if (!REDIRECTS.has(answer.response.status)) return answer;
      answer[Symbol.dispose]();
      if (location === null || !URL.canParse(location, url.href)) {
        throw new DownloadFailure(`${url.hostname} redirects to nowhere.`);
      }
      url = new URL(location, url.href);
    }
    throw new DownloadFailure(`${base.hostname} redirects more than ${MOST_REDIRECTS} times.`);
  };
}
