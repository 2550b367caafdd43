import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';

/** A client of `/mcp` that knows nothing but its URL, as editors are: the protocol's own SDK does the rest. */
export interface UrlAloneClient extends AsyncDisposable {
  /** The page that it sends its person to. */
  readonly page: Promise<URL>;
  /** Resolves when it is connected, and rejects when it was refused. */
  readonly connected: Promise<Client>;
  /** Its tokens, as it keeps them. */
  readonly tokens: () => Readonly<Record<string, unknown>> | undefined;
  /** Every request that it has made, without secrets. */
  readonly steps: readonly string[];
}

/** Starts it, with a callback on a free port of this machine, and a description of itself at `/client.json`. */
export async function startUrlAloneClient(
  serverUrl: string,
  { describes = false }: { readonly describes?: boolean } = {},
): Promise<UrlAloneClient> {
  const answered = Promise.withResolvers<URLSearchParams>();
  const page = Promise.withResolvers<URL>();
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    if (url.pathname === '/client.json') {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ ...metadata, client_id: url.href }));
      return;
    }
    response.setHeader('Content-Type', 'text/plain');
    response.end('You can close this window.');
    if (url.pathname === '/callback') answered.resolve(url.searchParams);
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const own = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const metadata = {
    client_name: 'An Editor',
    redirect_uris: [`${own}/callback`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  const kept = new Map<string, unknown>();
  const provider: OAuthClientProvider = {
    redirectUrl: `${own}/callback`,
    clientMetadata: metadata,
    clientInformation: () => kept.get('client') as never,
    saveClientInformation: (client) => void kept.set('client', client),
    tokens: () => kept.get('tokens') as never,
    saveTokens: (tokens) => void kept.set('tokens', tokens),
    codeVerifier: () => String(kept.get('verifier')),
    saveCodeVerifier: (verifier) => void kept.set('verifier', verifier),
    state: () => 'the-state-of-the-editor',
    redirectToAuthorization: (url) => page.resolve(url),
  };
  if (describes) kept.set('client', { client_id: `${own}/client.json` });
  const steps: string[] = [];
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const { pathname } = new URL(String(input instanceof Request ? input.url : input));
    steps.push(`${init?.method ?? 'GET'} ${pathname} → ${response.status}`);
    return response;
  };
  const transportOf = () =>
    new StreamableHTTPClientTransport(new URL(`${serverUrl}/mcp`), { authProvider: provider, fetch: watched as never });
  const clientOf = () => new Client({ name: 'editor', version: '1.0.0' });

  async function connect(): Promise<Client> {
    const first = transportOf();
    try {
      const client = clientOf();
      await client.connect(first);
      return client;
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
    const answer = await answered.promise;
    if (answer.get('state') !== 'the-state-of-the-editor') throw new Error('the state is another one');
    await first.finishAuth(answer);
    const client = clientOf();
    await client.connect(transportOf());
    return client;
  }
  const connected = connect();
  connected.catch(page.reject);
  return {
    page: page.promise,
    connected,
    tokens: () => kept.get('tokens') as Record<string, unknown> | undefined,
    steps,
    async [Symbol.asyncDispose]() {
      await connected.then((client) => client.close()).catch(() => undefined);
      http.close();
      http.closeAllConnections();
    },
  };
}
