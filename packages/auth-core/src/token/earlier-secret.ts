import type { Digest } from './digest.ts';
import type { Sealer } from './sealer.ts';
import type { TokenKind } from './token-parts.ts';
import type { TokenRecord, TokenStore } from './token-store.ts';

/** A token that the key of an earlier system was proved to be. */
export interface EarlierProof {
  readonly record: TokenRecord;
  /** Which of its secrets proved it: 0, the present one; 1, the one before it; and so on. */
  readonly age: number;
  /** Whether what the earlier system stored has proved it, so that it is to be stored like any other. */
  readonly isEarlier: boolean;
}

/** What the key of an earlier system is proved with. */
export interface EarlierContext {
  readonly kind: TokenKind;
  readonly find: TokenStore['find'];
  readonly digest: Digest;
  readonly sealer: Sealer;
  /** Where the request comes from. */
  readonly address: string | undefined;
}

/** How the key of an earlier system is proved, until it is stored like any other at its first use. */
export interface EarlierSecret {
  /** @throws {AuthError} `AUTH_TOKEN_UNKNOWN`, `AUTH_LIMIT_EXCEEDED`, `AUTH_STORE_UNAVAILABLE` */
  prove(context: EarlierContext): Promise<EarlierProof>;
}
