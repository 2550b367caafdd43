/*
 * The public API of @latchkey/auth-core/jwt. Every added export becomes API.
 */
export type { AccessTokenVerifier, AccessTokenVerifierOptions } from './access-token-verifier.ts';
export { createAccessTokenVerifier } from './access-token-verifier.ts';
export type { AccessTokenInput, AccessTokens, AccessTokensOptions, IssuedAccessToken } from './access-tokens.ts';
export { createAccessTokens } from './access-tokens.ts';
export type { IntrospectionOptions } from './introspection-check.ts';
export { introspectionCheck } from './introspection-check.ts';
export { createMemorySigningKeyStore } from './memory-signing-key-store.ts';
export { readClaims } from './own-claims.ts';
export type { PersonalAccessTokenOptions } from './personal-access-format.ts';
export { createPersonalAccessTokenFormat, readPersonalAccessTokenId } from './personal-access-format.ts';
export type { KeyFetching } from './remote-keys.ts';
export type { Scope } from './scope.ts';
export { scopeOf } from './scope.ts';
export type { PublicSigningKey, SigningAlgorithm, SigningKey } from './signing-key.ts';
export type { SigningKeyRecord, SigningKeyStore } from './signing-key-store.ts';
export type { PublishedKeys, RotatedKey, RotateKeysInput, SigningKeys, SigningKeysOptions } from './signing-keys.ts';
export { createSigningKeys } from './signing-keys.ts';
export type {
  ExchangedToken,
  OAuthError,
  TokenExchange,
  TokenExchangeAnswer,
  TokenExchangeReading,
} from './token-exchange.ts';
export { readTokenExchange, renderTokenExchange } from './token-exchange.ts';
