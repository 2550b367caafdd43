import { type LookupAddress, lookup } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import type { AddressPolicy } from './address-policy.ts';
import type { Fetch } from './guarded-fetch.ts';

/** SEAM: how a host name becomes addresses; absent: as the system does. */
export type NameResolver = (host: string) => Promise<readonly LookupAddress[]>;

/** The addresses of one server, resolved and checked once, for all connections to it. */
export interface PinnedAddresses {
  /** The server; no other one is contacted. */
  readonly url: URL;
  /** Rejects with a TypeError when an address is not allowed; the result never changes. */
  find(): Promise<readonly LookupAddress[]>;
  /** Why the addresses may not be reached, once that is known. */
  readonly refusal: string | undefined;
}

export interface PinnedFetch extends Disposable {
  readonly fetch: Fetch;
}

const emptyStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** Resolves as the system does: files, then DNS. */
export const resolveBySystem: NameResolver = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/**
 * Resolves a server's name when it is first needed, and keeps the result: a later change of the name (DNS rebinding)
 * has no effect.
 */
export function pinAddresses(url: URL, allows: AddressPolicy, resolve: NameResolver): PinnedAddresses {
  const host = hostOf(url);
  let addresses: Promise<readonly LookupAddress[]> | undefined;
  let refusal: string | undefined;

  async function findAllowed(): Promise<readonly LookupAddress[]> {
    const family = isIP(host);
    const found = family === 0 ? await resolve(host) : [{ address: host, family }];
    // All addresses must be allowed: a name that mixes public and private addresses is suspicious.
    if (found.length === 0 || !found.every(({ address }) => allows(host, address))) {
      refusal = 'its address is not one that may be reached';
      throw new TypeError(refusal);
    }
    return found;
  }

  return {
    url,
    get refusal() {
      return refusal;
    },
    find() {
      addresses ??= findAllowed();
      return addresses;
    },
  };
}

/**
 * Creates a `fetch` to one origin for an untrusted URL: every connection goes to the checked addresses. Redirects are
 * returned, not followed. A caller that follows one calls this function again, which only reaches its one origin.
 * Bodies are not compressed.
 */
export function createPinnedFetch({ url: server, find }: PinnedAddresses): PinnedFetch {
  const { request, Agent } = server.protocol === 'https:' ? https : http;
  const host = hostOf(server);
  // The name to request and to find in the certificate: never the address, and without a trailing dot.
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ...(isIP(host) === 0 ? { servername: host } : {}) });

  const pinnedLookup: LookupFunction = (_, options, callback) => {
    find().then(
      (found) => {
        const wanted = found.filter(({ family }) => !options.family || options.family === family);
        const [first] = wanted;
        if (first === undefined) callback(new Error('no such address'), '', 0);
        else if (options.all) callback(null, [...wanted]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };

  return {
    async fetch(target, { method = 'GET', headers, body, signal } = {}) {
      const url = new URL(target);
      if (url.origin !== server.origin) throw new TypeError('another origin than that of the server');
      if (body !== undefined && body !== null && typeof body !== 'string') throw new TypeError('a body must be a text');
      await find();
      signal?.throwIfAborted();
      const sent = { ...Object.fromEntries(new Headers(headers)), 'accept-encoding': 'identity' };
      const options = { method, headers: sent, agent, lookup: pinnedLookup, ...(signal ? { signal } : {}) };
      return new Promise<Response>((answer, reject) => {
        const sending = request(url, options, (incoming) => {
          try {
            answer(toResponse(incoming));
          } catch (error) {
            incoming.destroy();
            reject(error);
          }
        });
        // Like the platform's fetch, rejects with a TypeError for a network failure.
        sending.on('error', (cause) => reject(new TypeError('the server could not be reached', { cause })));
        sending.end(body ?? undefined);
      });
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** Returns a URL's host for resolving and comparing: without brackets and without a trailing dot. */
export function hostOf(url: URL): string {
  const { hostname } = url;
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
}

function toResponse(incoming: IncomingMessage): Response {
  const { statusCode: status = 0, headersDistinct } = incoming;
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new TypeError('the server compressed its answer unasked');
  if (status < 200 || status > 599) throw new TypeError('the server answered with no HTTP status');
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  if (emptyStatuses.has(status)) {
    incoming.resume();
    return new Response(null, { status, headers });
  }
  return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>, { status, headers });
}
