import { createAccessTokens, fixedCredentials, isPersonalAccessToken } from './access-tokens.ts';
import { CONNECTION_OPTIONS, type ConnectionOptions, resolveConnection } from './connection.ts';
import { connectionFailure } from './connection-failure.ts';
import { AuthenticationError, ConfigurationError, type LatchkeyError, ServerError } from './errors.ts';
import { type Identity, readIdentity } from './identity.ts';
import { fieldsOf } from './json.ts';
import { checkOptionNames } from './option-names.ts';
import { readBody } from './read-body.ts';
import { readRefusal } from './read-refusal.ts';
import { timedOut, withRetries, withTimeout } from './repeat.ts';
import { urlBelow } from './server-url.ts';
import { isToken } from './token-text.ts';

/** Options of {@link createClient}. */
export interface ClientOptions extends ConnectionOptions {
  /** Sends the requests, called as `(url, init)`; `globalThis.fetch` by default. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /**
   * How many milliseconds a call may take, including repeats: `fetch` until its answer begins, all others until their
   * answer is complete. By default only the limits of `fetch` itself apply.
   */
  readonly timeout?: number | undefined;
  /**
   * How often a request is repeated that the server refuses with 429 or 503 and a `Retry-After` of at most a minute; 0
   * by default. A stream is never repeated. Requests that change something have an `Idempotency-Key`, so that they are
   * done once.
   */
  readonly retries?: number | undefined;
}

/** Options of a single request. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The result of revoking a token. */
export interface Revocation {
  /**
   * False: the server denies the token from now on, but could not store that yet. Other servers on its database accept
   * the token until it is stored.
   */
  readonly stored: boolean;
}

/** Speaks to one server as one caller. It never reveals its token, not to `console.log` or `JSON.stringify` either. */
export interface Client {
  /** The server, without a slash at its end. */
  readonly url: string;
  /** The project that it acts for. */
  readonly project: string | undefined;
  readonly auth: {
    /**
     * Returns the token's owner, what it may do and what is left of its limits.
     *
     * @throws {LatchkeyError} as `fetch` does
     */
    whoami(options?: RequestOptions): Promise<Identity>;
    /**
     * Revokes the token: for a personal access token, the personal access token itself and all that was derived from
     * it.
     *
     * @throws {LatchkeyError} as `fetch` does
     */
    revoke(options?: RequestOptions): Promise<Revocation>;
  };
  /**
   * Sends a request with the credential and the project, and returns a 2xx answer. Redirects are not followed, since
   * the token is only for this server.
   *
   * @param path begins with `/`: `/api/v1/models`
   * @throws {AuthenticationError} the server asks for a token, or does not accept this one
   * @throws {PermissionError} the token does not allow it; `decision` says which grant
   * @throws {RateLimitError} a limit is used up; `limit` and `retryAfterSeconds` say which and for how long
   * @throws {ConnectionError} no server answers
   * @throws {ServerError} any other answer that is not 2xx; `code` is the server's
   * @throws {TypeError} the path leads outside the server's URL, or the request is invalid
   * @throws the reason of `init.signal` when that is aborted
   */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** How long the exchange for an access token may take, in milliseconds. */
const EXCHANGE_TIMEOUT = 30_000;

/**
 * Creates a client. See {@link resolveConnection} for where the token, the server and the project come from. Without a
 * token it sends none, for a server that asks for none.
 *
 * A personal access token is exchanged for access tokens. Each is kept until shortly before it expires, and requests
 * that wait at the same time share one exchange. Where the server does not exchange, the token is sent itself.
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
  checkOptionNames(options, [...CONNECTION_OPTIONS, 'fetch', 'timeout', 'retries']);
  const { fetch: given, timeout, retries = 0, ...place } = options;
  checkCount('timeout', timeout, 1);
  checkCount('retries', retries, 0);
  const { url, token, project } = resolveConnection(place);
  const send = given ?? ((input, init) => globalThis.fetch(input, init));
  const ownSecrets = token === undefined ? [] : [token];

  const ask = async (path: string, init: RequestInit, sent: string | undefined): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (sent !== undefined) headers.set('Authorization', `Bearer ${sent}`);
    if (project !== undefined) headers.set('Latchkey-Project', inUtf8(project));
    const target = urlBelow(url, path);
    const all: RequestInit = { ...init, headers, redirect: 'manual' };
    checkRequest(target, all);
    try {
      return await send(target, isStream(init.body) ? { duplex: 'half', ...all } : all);
    } catch (error) {
      init.signal?.throwIfAborted();
      throw connectionFailure(url, error, secretsWith(sent));
    }
  };
  const secretsWith = (sent: string | undefined): readonly string[] =>
    sent === undefined ? ownSecrets : [...ownSecrets, sent];

  const refusalOf = (
    response: Response,
    sent: string | undefined,
    signal: AbortSignal | null | undefined,
  ): Promise<LatchkeyError> =>
    readRefusal(response, { url, token: sent, secrets: secretsWith(sent), signal: signal ?? undefined });

  const readJson = async (response: Response, signal: AbortSignal | null | undefined): Promise<unknown> => {
    const { text, end } = await readBody(response, ANSWER_BOUNDS, signal ?? undefined).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw connectionFailure(
        url,
        Object.assign(new Error('cut', { cause: error }), { code: 'ECONNRESET' }),
        ownSecrets,
      );
    });
    if (end === 'too-slow') throw timedOut(url);
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  };

  const exchange = async (personal: string): Promise<string | undefined> => {
    const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT);
    const body = JSON.stringify({ refresh: personal });
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body, signal };
    try {
      const response = await ask('/api/token/refresh', init, undefined);
      if (response.status === 404) {
        response.body?.cancel().catch(() => undefined);
        return undefined;
      }
      if (!response.ok) throw await refusalOf(response, personal, signal);
      const { access } = fieldsOf(await readJson(response, signal));
      if (typeof access === 'string' && isToken(access)) return access;
    } catch (error) {
      throw signal.aborted ? timedOut(url) : error;
    }
    throw new ServerError('bad_answer', `The server at ${url} was asked for an access token and sent none.`);
  };

  const credentials =
    token !== undefined && isPersonalAccessToken(token) ? createAccessTokens(token, exchange) : fixedCredentials(token);

  const attempt = async (path: string, init: RequestInit): Promise<Response> => {
    for (let isRepeated = false; ; isRepeated = true) {
      const credential = await credentials.current(init.signal ?? undefined);
      const response = await ask(path, init, credential?.token);
      if (response.ok) return response;
      const refusal = await refusalOf(response, credential?.token, init.signal);
      // The access token may have expired, or its signing key may be gone. If the personal access token was revoked,
      // the next exchange shows it.
      if (!(refusal instanceof AuthenticationError) || credential?.isRenewable !== true) throw refusal;
      credentials.discard(credential);
      if (isRepeated || isStream(init.body)) throw refusal;
    }
  };

  const repeated = (path: string, init: RequestInit): Promise<Response> =>
    withRetries(retries, init, (keyed) => attempt(path, keyed));

  return {
    url,
    project,
    auth: {
      whoami: async (init = {}) => {
        const said = await withTimeout(url, timeout, present(init), async (timed) =>
          readJson(await repeated('/api/v1/whoami', timed), timed.signal),
        );
        const identity = readIdentity(said);
        if (identity !== undefined) return identity;
        throw new ServerError('bad_answer', `What answers at ${url} does not say who you are. Is it Latchkey?`);
      },
      revoke: async (init = {}) => {
        // Never with an access token: that would revoke only the access token.
        const response = await withTimeout(url, timeout, { method: 'POST', ...present(init) }, async (timed) => {
          const answer = await ask('/api/v1/tokens/revoke-self', timed, token);
          if (!answer.ok) throw await refusalOf(answer, token, timed.signal);
          return answer;
        });
        response.body?.cancel().catch(() => undefined);
        return { stored: response.status !== 202 };
      },
    },
    fetch: (path, init = {}) => withTimeout(url, timeout, init, (timed) => repeated(path, timed)),
  };
}

const ANSWER_BOUNDS = { bytes: 4 * 1024 * 1024, milliseconds: 60_000 };

const present = ({ signal }: RequestOptions): RequestInit => (signal === undefined ? {} : { signal });

function checkCount(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= 2 ** 31 - 1)) return;
  throw new ConfigurationError('invalid_option', `${name} must be a whole number, at least ${least}.`);
}

/** Reports an invalid request before anything is sent. The body is not read. */
function checkRequest(target: string, { body, ...init }: RequestInit): void {
  const { method } = new Request(target, init);
  if (body != null && (method === 'GET' || method === 'HEAD')) throw new TypeError(`${method} takes no body`);
}

/** Whether the body is a stream, which is consumed by the first request and cannot be sent again. */
function isStream(body: RequestInit['body']): boolean {
  return typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || body instanceof ReadableStream);
}

/** Header fields hold bytes: each character of the result is one byte. */
const inUtf8 = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));
