import { createAccessTokens, fixedCredentials, isPersonalAccessToken } from './access-tokens.ts';
import { type ConnectionOptions, resolveConnection } from './connection.ts';
import { AuthenticationError, ConnectionError, ServerError } from './errors.ts';
import { type Identity, readIdentity } from './identity.ts';
import { fieldsOf } from './json.ts';
import { readRefusal } from './read-refusal.ts';

/** Options of {@link createClient}. */
export interface ClientOptions extends ConnectionOptions {
  /** Sends the requests; `globalThis.fetch` by default. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What can be said to a request from outside. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** Speaks to one server as one caller. It shows its token to nobody, `console.log` and `JSON.stringify` neither. */
export interface Client {
  /** The server, without a slash at its end. */
  readonly url: string;
  /** The project that it acts for. */
  readonly project: string | undefined;
  readonly auth: {
    /**
     * Says whose token it is, what it may do and what is left of its limits.
     *
     * @throws {LatchkeyError} as `fetch` does
     */
    whoami(options?: RequestOptions): Promise<Identity>;
    /**
     * Ends the token for good: of a personal access token that one, with all that came from it.
     *
     * @throws {LatchkeyError} as `fetch` does
     */
    revoke(options?: RequestOptions): Promise<void>;
  };
  /**
   * Sends a request with the credential and the project, and returns an answer of 2xx. Redirects are not followed,
   * since the token is this server's alone.
   *
   * @param path begins with `/`: `/api/v1/models`
   * @throws {AuthenticationError} the server asks for a token, or does not take this one
   * @throws {PermissionError} the token does not allow it; `decision` says which grant
   * @throws {RateLimitError} a limit is used up; `limit` and `retryAfterSeconds` say which and for how long
   * @throws {ConnectionError} no server answers
   * @throws {ServerError} any other answer that is none of 2xx; `code` is the server's
   * @throws the reason of `init.signal` when that is aborted
   */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** How long an access token may take to come. */
const EXCHANGE_TIMEOUT = 30_000;

/**
 * Creates a client. See {@link resolveConnection} for where the token, the server and the project come from. Without a
 * token it sends none, for a server that asks for none.
 *
 * A personal access token is exchanged for access tokens, which are kept until shortly before their end and fetched
 * once for however many requests wait; where the server does not exchange, it is sent itself.
 *
 * @throws {ConfigurationError} as {@link resolveConnection} does
 * @example
 * ```ts
 * import { createClient } from '@latchkey/client';
 *
 * const client = createClient({ profile: 'production' });
 * console.log((await client.auth.whoami()).name);
 *
 * const response = await client.fetch('/api/v1/models');
 * console.log(await response.json());
 * ```
 */
export function createClient(options: ClientOptions = {}): Client {
  const { url, token, project } = resolveConnection(options);
  const send = options.fetch ?? globalThis.fetch;

  const ask = async (path: string, init: RequestInit, sent: string | undefined): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (sent !== undefined) headers.set('Authorization', `Bearer ${sent}`);
    if (project !== undefined) headers.set('Latchkey-Project', inUtf8(project));
    // What is wrong with the request is said here, before a server can be blamed.
    const request = new Request(url + path, { ...init, headers, redirect: 'manual' });
    try {
      return await send(request);
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new ConnectionError(url, { cause: error });
    }
  };

  const exchange = async (personal: string): Promise<string | undefined> => {
    const response = await ask(
      '/api/token/refresh',
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ refresh: personal }),
        signal: AbortSignal.timeout(EXCHANGE_TIMEOUT),
      },
      undefined,
    ).catch((error: unknown) => {
      throw error instanceof ConnectionError ? error : new ConnectionError(url, { cause: error });
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw await readRefusal(response, { url, token: personal });
    const { access } = fieldsOf(await response.json().catch(() => undefined));
    if (typeof access === 'string' && /^[\x21-\x7e]+$/.test(access)) return access;
    throw new ServerError('bad_answer', `The server at ${url} was asked for an access token and sent none.`);
  };

  const credentials =
    token !== undefined && isPersonalAccessToken(token) ? createAccessTokens(token, exchange) : fixedCredentials(token);

  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    checkPath(path);
    for (let isRepeated = false; ; isRepeated = true) {
      const credential = await credentials.current(init.signal ?? undefined);
      const response = await ask(path, init, credential?.token);
      if (response.ok) return response;
      const refusal = await readRefusal(response, { url, token: credential?.token });
      // Its time may be over, or the key gone that it was signed with. What ended its maker shows when that is exchanged.
      if (!(refusal instanceof AuthenticationError) || credential?.isRenewable !== true) throw refusal;
      credentials.discard(credential);
      if (isRepeated || !canBeSentAgain(init.body)) throw refusal;
    }
  };

  return {
    url,
    project,
    auth: {
      whoami: async (init = {}) => {
        const response = await request('/api/v1/whoami', init);
        const identity = readIdentity(await response.json().catch(() => undefined));
        if (identity !== undefined) return identity;
        throw new ServerError('bad_answer', `What answers at ${url} does not say who you are. Is it Latchkey?`);
      },
      revoke: async (init = {}) => {
        // Never with an access token: that would end the access token alone.
        const response = await ask('/api/v1/tokens/revoke-self', { method: 'POST', ...init }, token);
        if (!response.ok) throw await readRefusal(response, { url, token });
        await response.body?.cancel();
      },
    },
    fetch: request,
  };
}

/** Behind the host a text without a slash could be the rest of another host's name. */
function checkPath(path: string): void {
  if (!path.startsWith('/')) throw new TypeError('The path must begin with /, like /api/v1/models');
}

/** A stream has been read when its answer comes. */
function canBeSentAgain(body: RequestInit['body']): boolean {
  return typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body);
}

/** Header fields hold bytes: each character of the result is one. */
const inUtf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
