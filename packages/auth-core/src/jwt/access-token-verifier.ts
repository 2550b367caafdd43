import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { coreVocabulary } from '../authority/define-vocabulary.ts';
import type { Vocabulary } from '../authority/vocabulary.ts';
import { type Clock, systemClock } from '../clock.ts';
import { AuthError, InvalidTokenError, StoreUnavailableError } from '../errors.ts';
import { guard } from '../guard.ts';
import type { Principal } from '../principal.ts';
import { requireNames } from './audience.ts';
import { proveAccessToken } from './prove-access-token.ts';

/** What {@link createAccessTokenVerifier} works with. */
export interface AccessTokenVerifierOptions {
  /**
   * The vocabulary of the issuer; by default the library's own actions and limits. Other words make a token malformed.
   */
  readonly vocabulary?: Vocabulary;
  /**
   * The issuer's keys: the set itself, the URL where it is served (fetched when needed, kept for ten minutes), or a
   * function that finds a key by a token's header, as jose has them.
   */
  readonly jwks: JSONWebKeySet | URL | JWTVerifyGetKey;
  readonly issuer: string;
  /** The name of this server in the `aud` of the tokens that are made for it. */
  readonly audience: string;
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
  const { jwks, issuer, audience, clock = systemClock, isRevoked } = options;
  const vocabulary: Vocabulary = options.vocabulary ?? coreVocabulary;
  requireNames({ issuer, audience });
  const getKey = guardKeys(findKeys(jwks));
  return {
    async verify(text) {
      if (text === undefined || text === '') throw new InvalidTokenError('AUTH_TOKEN_MISSING');
      const content = await proveAccessToken(text, { getKey, issuer, audience, now: clock(), vocabulary });
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

function findKeys(jwks: AccessTokenVerifierOptions['jwks']): JWTVerifyGetKey {
  if (typeof jwks === 'function') return jwks;
  return jwks instanceof URL ? createRemoteJWKSet(jwks) : createLocalJWKSet(jwks);
}

/** Distinguishes a token that names an unknown key from a failure to load the keys. */
function guardKeys(getKey: JWTVerifyGetKey): JWTVerifyGetKey {
  return async (header, token) => {
    try {
      return await getKey(header, token);
    } catch (cause) {
      if (cause instanceof AuthError) throw cause;
      if (cause instanceof errors.JWKSNoMatchingKey) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN', { cause });
      throw new StoreUnavailableError(cause);
    }
  };
}
