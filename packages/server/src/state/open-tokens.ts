import {
  type AuditSink,
  type Auth,
  type AuthSettings,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  createSealer,
  type Grant,
  type IssuedToken,
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
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { resolveRealPath } from './real-path.ts';

export interface OpenTokensOptions {
  readonly store: TokenStore;
  readonly signingKeys: SigningKeyStore;
  readonly secret: Uint8Array;
  /** Who issues access tokens, as other servers know it. */
  readonly issuer: string;
  readonly settings: () => AuthSettings;
  readonly policy?: Grant;
  readonly audit?: AuditSink;
  /**
   * Is given each new secret of a token, before its holder gets it: for a copy that must stay current. It must not
   * reject: the secret is the only one that works by then.
   */
  readonly onRotated?: (rotated: IssuedToken) => Promise<void>;
}

/** Everything that makes tokens and says who presents one. */
export interface Tokens {
  readonly auth: Auth;
  /** Verifies access tokens that were made for other servers, too; for those that ask about them. */
  readonly introspector: Auth;
  readonly access: AccessTokens;
  readonly keys: SigningKeys;
}

/** Puts every kind of token together, for the server and for commands that work on its store without it. */
export function openTokens(options: OpenTokensOptions): Tokens {
  const { store, secret, issuer, settings, policy, audit } = options;
  const shared = { settings, ...(audit === undefined ? {} : { audit }) };
  const keys = createSigningKeys({ store: options.signingKeys, sealer: createSealer(secret), ...shared });
  const access = createAccessTokens({ keys, issuer, ...shared });
  const stored = [createApiKeyFormat(), createPersonalAccessTokenFormat({ key: secret }), createLegacyFormat()];
  const open = (tokenStore: TokenStore, accessFormat: AccessTokens['format']): Auth =>
    createAuth({
      store: tokenStore,
      digestKey: secret,
      // The last one: any text that is no other token's may be a custom key.
      formats: [...stored, accessFormat, createAttenuatedFormat(), createCustomKeyFormat()],
      patterns: re2jsPatterns,
      resolvePath: resolveRealPath,
      ...(policy === undefined ? {} : { policy }),
      ...shared,
    });
  return {
    auth: withRotations(open(store, access.format), options.onRotated),
    introspector: open(borrowed(store), access.formatForAnyAudience),
    access,
    keys,
  };
}

function withRotations(auth: Auth, onRotated: OpenTokensOptions['onRotated']): Auth {
  if (onRotated === undefined) return auth;
  return {
    ...auth,
    rotate: async (id, input, by) => {
      const rotated = await auth.rotate(id, input, by);
      await onRotated(rotated);
      return rotated;
    },
  };
}

/** A store that somebody else closes, and listens to. */
function borrowed(store: TokenStore): TokenStore {
  const { watch: _, ...methods } = store;
  return { ...methods, close: async () => undefined };
}
