import type { Fetch } from '../transport/guarded-fetch.ts';
import type { NameResolver, PinnedAddresses, PinnedFetch } from '../transport/pinned-fetch.ts';
import { hostOf } from '../transport/pinned-fetch.ts';
import { readChallenge } from './challenge.ts';
import { identifyClient, type OAuthClient } from './client-identity.ts';
import { type Challenge, type Discovered, discover } from './discovery.ts';
import type { LoginDocument } from './login-document.ts';
import { refused } from './login-error.ts';
import type { LoginOf } from './login-of.ts';
import { createOAuthRequests, type OAuthRequests } from './oauth-requests.ts';
import { chooseScope } from './scopes.ts';

export interface ContextOptions {
  /** How the client introduces itself to a person. */
  readonly clientName: string;
  /** The public https URL of this host's client id metadata document. */
  readonly documentUrl?: string | undefined;
  /** This host's own redirects, besides those to the machine of the person. */
  readonly redirects?: readonly string[];
  readonly fetch: Fetch;
  readonly resolve: NameResolver;
  readonly connect?: (addresses: PinnedAddresses) => PinnedFetch;
}

/** A loopback redirect that a metadata document names; its port is free. */
export const loopbackRedirects: readonly string[] = ['http://127.0.0.1/callback', 'http://localhost/callback'];

const probeMs = 10_000;

/** One conversation with the authorization server of an MCP server. */
export interface LoginContext {
  readonly found: Discovered;
  readonly scope: string | undefined;
  identify(redirectUri: string | undefined, grants: readonly string[], signal: AbortSignal): Promise<OAuthClient>;
  /** What a login will consist of, without its tokens. */
  document(client: OAuthClient): Omit<LoginDocument, 'access'>;
}

/** The requests that a server's login may make. */
export const requestsFor = ({ entry, settings }: LoginOf, { resolve, connect }: ContextOptions): OAuthRequests =>
  createOAuthRequests({
    server: new URL(entry.url),
    written: settings.issuer === undefined ? [] : [new URL(settings.issuer)],
    privateHosts: settings.privateHosts,
    resolve,
    ...(connect === undefined ? {} : { connect }),
  });

/**
 * Finds out how a server is signed in to.
 *
 * @param further scopes that the server has asked for since the last login
 * @throws LoginError
 */
export async function openContext(
  of: LoginOf,
  known: Challenge | undefined,
  further: string | undefined,
  options: ContextOptions,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<LoginContext> {
  const { entry, settings } = of;
  const url = new URL(entry.url);
  const host = hostOf(url);
  if (url.protocol !== 'https:' && !['localhost', '127.0.0.1', '::1', ...settings.privateHosts].includes(host)) {
    throw refused('it is reached by http, which would show its tokens to everyone on the way');
  }
  const challenge = known ?? (await probe(entry, options.fetch, signal));
  const found = await discover(url, challenge, settings, requests, signal);
  const scope = chooseScope(settings, challenge, found, further);
  const { server, resource } = found;
  return {
    found,
    scope,
    identify: (redirectUri, grants, during) =>
      identifyClient(
        {
          settings,
          server,
          name: options.clientName,
          documentUrl: options.documentUrl,
          documentRedirects: [...(options.redirects ?? []), ...loopbackRedirects],
          redirectUri,
          grants,
          scope,
        },
        requests,
        during,
      ),
    document: (client) => ({
      url: entry.url,
      issuer: server.issuer,
      tokenEndpoint: server.tokenEndpoint,
      ...(server.revocationEndpoint === undefined ? {} : { revocationEndpoint: server.revocationEndpoint }),
      client,
      ...(resource === undefined ? {} : { resource }),
      ...(scope === undefined ? {} : { scope }),
    }),
  };
}

/** Asks the server without a token, to hear what it says about the token that it wants. */
async function probe({ url, headers }: LoginOf['entry'], fetch: Fetch, signal: AbortSignal): Promise<Challenge> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(probeMs)]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 'latchkey-login', method: 'ping' }),
      redirect: 'manual',
      signal: limit,
    });
    await response.body?.cancel();
    return (response.status === 401 && readChallenge(response)) || {};
  } catch {
    signal.throwIfAborted();
    // Its metadata is looked for where it usually is.
    return {};
  }
}
