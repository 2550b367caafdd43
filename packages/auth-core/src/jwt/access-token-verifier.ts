import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { coreVocabulary } from '../authority/define-vocabulary.ts';
import type { Vocabulary } from '../authority/vocabulary.ts';
import { type Clock, systemClock } from '../clock.ts';
import { InvalidTokenError, isAuthError, StoreUnavailableError } from '../errors.ts';
import { guard } from '../guard.ts';
import type { Principal } from '../principal.ts';
import { requireNames } from './audience.ts';
import { proveAccessToken } from './prove-access-token.ts';
import { createRemoteKeys, type KeyFetching } from './remote-keys.ts';

/** What {@link createAccessTokenVerifier} works with. */
export interface AccessTokenVerifierOptions {
  /**
   * The vocabulary of the issuer; by default the library's own actions and limits. Other words make a token malformed.
   */
  readonly vocabulary?: Vocabulary;
  /**
   * The issuer's keys: the set itself, the URL where it is served (see `keys`), or a
   * function that finds a key by a token's header, as jose has them.
   */
  readonly jwks: JSONWebKeySet | URL | JWTVerifyGetKey;
  /** How keys are fetched from a URL and kept. A key that the issuer has dropped is accepted a minute longer. */
  readonly keys?: KeyFetching;
  readonly issuer: string;
  /** The name of this server in the `aud` of the tokens that are made for it, or each of its names. */
  readonly audience: string | readonly string[];
  /**
   * How far this clock may differ from the issuer's, up to 5 minutes: for so long an expired token is accepted still.
   * By default none, and a minute for the time at which a token was made.
   */
  readonly clockToleranceMilliseconds?: number;
  readonly clock?: Clock;
  /** Called for each token that is otherwise valid. When it rejects, the token is denied. See `introspectionCheck`. */
  readonly isRevoked?: (token: string) => Promise<boolean>;
}

/** Verifies access tokens on a server that did not issue them. */
export interface AccessTokenVerifier {
  /**
   * Verifies a token and returns its principal, with the authority that the token carries.
   *
   * @throws {AuthError} `AUTH_TOKEN_*`; `AUTH_STORE_UNAVAILABLE` when the keys or the revocation cannot be looked up
   */
  verify(text: string | undefined): Promise<Principal>;
}

/**
 * Creates a verifier for access tokens of another server, which works offline with the public keys of that server. A
 * token that was revoked there stays valid here until it expires, unless `isRevoked` checks it.
 *
 * @throws {TypeError} when the issuer or the audience is absent, has blanks or is longer than 200 characters
 * @example
 * ```ts
 * import { defineVocabulary } from '@latchkey/auth-core';
 * import { createAccessTokenVerifier } from '@latchkey/auth-core/jwt';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
 * const verifier = createAccessTokenVerifier({
 *   vocabulary,
 *   jwks: new URL('https://latchkey.example/.well-known/jwks.json'),
 *   issuer: 'https://latchkey.example',
 *   audience: 'https://reports.example',
 * });
 *
 * export async function mayRead(token: string): Promise<boolean> {
 *   const { authority } = await verifier.verify(token);
 *   return vocabulary.decide(authority, { action: 'invoices:read' }, { now: new Date() }).allowed;
 * }
 * ```
 */
export function createAccessTokenVerifier(options: AccessTokenVerifierOptions): AccessTokenVerifier {
  const { jwks, keys, issuer, clock = systemClock, isRevoked, clockToleranceMilliseconds = 0 } = options;
  const audience = [options.audience].flat();
  const vocabulary: Vocabulary = options.vocabulary ?? coreVocabulary;
  requireNames({ issuer, audience });
  if (!(clockToleranceMilliseconds >= 0 && clockToleranceMilliseconds <= MAXIMUM_TOLERANCE_MILLISECONDS)) {
    throw new TypeError(`clockToleranceMilliseconds must be a number from 0 to ${MAXIMUM_TOLERANCE_MILLISECONDS}`);
  }
  const getKey = guardKeys(jwks instanceof URL ? createRemoteKeys(jwks, clock, keys) : findKeys(jwks));
  return {
    async verify(text) {
      if (text === undefined || text === '') throw new InvalidTokenError('AUTH_TOKEN_MISSING');
      const proof = { getKey, issuer, audience, now: clock(), clockToleranceMilliseconds, vocabulary };
      const content = await proveAccessToken(text, proof);
      if (isRevoked !== undefined && (await guard(() => isRevoked(text))) !== false) {
        throw new InvalidTokenError('AUTH_TOKEN_REVOKED', { kind: 'access' });
      }
      const { jti, owner, name, project, parentId, chain, entries, expiresAt, claims } = content;
      return Object.freeze({
        id: jti,
        kind: 'access',
        name,
        owner,
        ...(project !== undefined && { project }),
        rootId: chain[0] ?? parentId,
        tokenId: parentId,
        chain: Object.freeze([...chain, jti]),
        authority: Object.freeze(entries),
        ...(claims !== undefined && { claims }),
        expiresAt,
      });
    },
  };
}

const MAXIMUM_TOLERANCE_MILLISECONDS = 300_000;

function findKeys(jwks: JSONWebKeySet | JWTVerifyGetKey): JWTVerifyGetKey {
  return typeof jwks === 'function' ? jwks : createLocalJWKSet(jwks);
}

/** Distinguishes a token that names an unknown key from a failure to load the keys. */
function guardKeys(getKey: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await getKey(header, token);
    } catch (cause) {
      if (isAuthError(cause)) throw cause;
      if (cause instanceof errors.JWKSNoMatchingKey) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN', { cause });
      throw new StoreUnavailableError(cause);
    }
  };
}
