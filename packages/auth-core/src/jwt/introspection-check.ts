import { isJsonObject } from '../schema/json-value.ts';

/** What {@link introspectionCheck} works with. */
export interface IntrospectionOptions {
  /** The issuer's introspection endpoint. */
  readonly url: URL | string;
  /** The credential of the server that asks, sent as `Authorization: Bearer`. */
  readonly token: string;
  readonly fetch?: typeof globalThis.fetch;
}

const TIMEOUT_MILLISECONDS = 5000;

/**
 * Makes a function that asks the issuer whether a token was revoked (RFC 7662), for `createAccessTokenVerifier`. It
 * rejects unless the answer has status 2xx and a boolean `active`.
 *
 * @example
 * ```ts
 * import { createAccessTokenVerifier, introspectionCheck } from '@latchkey/auth-core/jwt';
 *
 * export const verifier = createAccessTokenVerifier({
 *   jwks: new URL('https://latchkey.example/.well-known/jwks.json'),
 *   issuer: 'https://latchkey.example',
 *   audience: 'https://reports.example',
 *   isRevoked: introspectionCheck({
 *     url: 'https://latchkey.example/oauth/introspect',
 *     token: 'key_aB3dE5gH:aB3dE5gHaB3dE5gHaB3d',
 *   }),
 * });
 * ```
 */
export function introspectionCheck({ url, token: credential, fetch = globalThis.fetch }: IntrospectionOptions) {
  return async function isRevoked(token: string): Promise<boolean> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${credential}`, accept: 'application/json' },
      body: new URLSearchParams({ token }),
      // A redirect would send both tokens to its target.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
    if (!response.ok) throw new Error(`the introspection endpoint answered with status ${response.status}`);
    const answer: unknown = await response.json();
    const active = isJsonObject(answer) ? answer.active : undefined;
    if (typeof active !== 'boolean') throw new Error('the introspection endpoint does not say whether it is active');
    return !active;
  };
}
