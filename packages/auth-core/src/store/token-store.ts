import type { Grant } from '../authority/grant.ts';
import type { TokenKind } from '../token/token-format.ts';

/** What is stored of a token: never its secret, only a keyed digest. Times are RFC 3339 texts in UTC. */
export interface TokenRecord {
  readonly id: string;
  readonly kind: TokenKind;
  /** What people call it; need not be unique. */
  readonly name: string;
  readonly digest: string;
  readonly grant: Grant;
  readonly owner: string;
  readonly project?: string;
  readonly createdAt: string;
  /** The id of the principal that issued it. */
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  readonly lastUsedAt?: string;
  /** Grows by one with each change; see {@link TokenStore.update}. */
  readonly version: number;
}

/** Which tokens to list. What is absent does not matter. */
export interface TokenFilter {
  readonly owner?: string;
  readonly project?: string;
}

/**
 * SEAM: where tokens live. `@latchkey/auth-core/testing` has the contract that an implementation must meet.
 *
 * What a store returns is its own copy. A method that cannot do its work rejects; it never answers with less.
 */
export interface TokenStore {
  /** Adds a token and says true; says false and changes nothing when there is one with this id. */
  insert(record: TokenRecord): Promise<boolean>;
  /** The token with this id, as the last completed write of any process left it. */
  find(id: string): Promise<TokenRecord | undefined>;
  /**
   * Replaces the token that has the record's id and the expected version, all or nothing, and says true; says false
   * and changes nothing when there is none such. Of two changes to one version, only one succeeds.
   * `lastUsedAt` is left alone: it belongs to {@link TokenStore.touch}.
   */
  update(record: TokenRecord, expectedVersion: number): Promise<boolean>;
  /** The tokens that the filter lets through, the oldest first (by `createdAt`, then by `id`). */
  list(filter: TokenFilter): Promise<TokenRecord[]>;
  /**
   * Notes when tokens were last used, by id. Never moves a time back, leaves the version alone, and passes over ids
   * that it does not know.
   */
  touch(lastUsed: ReadonlyMap<string, string>): Promise<void>;
  /** Lets go of what the store itself holds. Every later call rejects. */
  close(): Promise<void>;
}
