import {
  type AuditSink,
  type AuthSettings,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createLegacyFormat,
  createPlaceBoundFormat,
  createSealer,
  type TokenStore,
} from '@latchkey/auth-core';
import {
  type AccessTokens,
  createAccessTokens,
  createPersonalAccessTokenFormat,
  createSigningKeys,
  type SigningKeyStore,
  type SigningKeys,
} from '@latchkey/auth-core/jwt';
import { type Auth, type Grant, type LlmWords, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { createEarlierKeys, type EarlierHmacKey, type EarlierKeys } from './earlier-keys.ts';
import { resolveRealPath } from './real-path.ts';
import type { Secrets } from './secrets.ts';

export interface OpenTokensOptions {
  readonly store: TokenStore;
  readonly signingKeys: SigningKeyStore;
  readonly secrets: Secrets;
  readonly earlierHmacKey?: EarlierHmacKey;
  /** The issuer of access tokens, as other servers know it. */
  readonly issuer: string;
  /** The URL of `/mcp`, where this server gives tokens to its clients itself: it is one of the names of this server. */
  readonly resource?: string;
  readonly settings: () => AuthSettings;
  readonly policy?: Grant;
  readonly audit?: AuditSink;
}

/** Everything that makes and verifies tokens. */
export interface Tokens {
  readonly auth: Auth;
  readonly access: AccessTokens<LlmWords>;
  readonly keys: SigningKeys;
  /** Takes the hashes of keys of an earlier system. */
  readonly earlier: EarlierKeys;
}

/** Assembles every kind of token, for the server and for commands that work on its store without it. */
export function openTokens(options: OpenTokensOptions): Tokens {
  const { store, secrets, issuer, resource, settings, policy, audit } = options;
  const shared = { settings, ...(audit === undefined ? {} : { audit }) };
  const keys = createSigningKeys({ store: options.signingKeys, sealer: createSealer(secrets), ...shared });
  // Nothing is signed before both exist.
  const access: AccessTokens<LlmWords> = createAccessTokens({
    vocabulary: llm,
    keys,
    issuer,
    ...(resource === undefined ? {} : { audience: [issuer, resource] }),
    ...shared,
    refresh: (by) => auth.refresh(by),
  });
  const stored = [
    createApiKeyFormat(llm),
    createPersonalAccessTokenFormat({ key: secrets[0] }),
    createLegacyFormat(),
    createPlaceBoundFormat(llm),
  ];
  const earlier = createEarlierKeys(options.earlierHmacKey);
  // Custom keys come last: any text that is not another kind of token may be one.
  const formatsWith = (format: AccessTokens['format']) => [
    ...stored,
    format,
    createAttenuatedFormat(llm),
    earlier.format,
  ];
  const auth: Auth = createAuth({
    vocabulary: llm,
    store,
    digestKey: secrets,
    formats: formatsWith(access.format),
    introspected: formatsWith(access.formatForAnyAudience),
    patterns: re2jsPatterns,
    resolvePath: resolveRealPath,
    ...(policy === undefined ? {} : { policy }),
    ...shared,
  });
  return { auth, access, keys, earlier };
}
