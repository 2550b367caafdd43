import type { Fetch } from '../transport/guarded-fetch.ts';
import { readChallenge } from './challenge.ts';
import type { Challenge } from './discovery.ts';

/** Where the tokens of one server and account come from. */
export interface TokenSource {
  /** Whether the server is known to want a token. */
  readonly isDeclared: boolean;
  /** A token to send; undefined when there is none. @throws LoginError */
  token(signal: AbortSignal): Promise<string | undefined>;
  /** Another token than one that was refused. @throws LoginError `wanted` when a person has to sign in */
  renew(refusedToken: string, signal: AbortSignal): Promise<string>;
  /** A token with further scopes. @throws LoginError `wanted` when a person has to sign in */
  widen(scope: string | undefined, signal: AbortSignal): Promise<string>;
  /** The server wants a login, and there is none. Always throws. @throws LoginError `wanted` */
  ask(challenge: Challenge): never;
  /** The error for a server that refuses a token that it was just given. */
  refusal(): Error;
}

/**
 * Wraps `fetch` with the token of a login. A request that got a 401 or a missing scope is sent a second time with
 * another token, because it was not served; never a third time.
 */
export function withLogin(fetch: Fetch, source: TokenSource): Fetch {
  const send = (url: string | URL, init: RequestInit, token: string | undefined): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  };
  return async (url, init = {}) => {
    const signal = init.signal ?? new AbortController().signal;
    const token = await source.token(signal);
    const response = await send(url, init, token);
    const { status } = response;
    if (status !== 401 && status !== 403) return response;
    const challenge = readChallenge(response);
    if (status === 403 && challenge?.error !== 'insufficient_scope') return response;
    if (token === undefined) {
      if (challenge === undefined && !source.isDeclared) return response;
      await response.body?.cancel();
      return source.ask(challenge ?? {});
    }
    await response.body?.cancel();
    const next = status === 403 ? await source.widen(challenge?.scope, signal) : await source.renew(token, signal);
    const again = await send(url, init, next);
    if (again.status !== 401 && again.status !== 403) return again;
    await again.body?.cancel();
    throw source.refusal();
  };
}
