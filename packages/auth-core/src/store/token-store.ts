import type { AuthorityEntry } from '../authority/authority.ts';
import type { Grant } from '../authority/grant.ts';
import type { TokenKind } from '../token/token-format.ts';

/** A secret that a token had before it got a new one. */
export interface PreviousSecret {
  readonly digest: string;
  /** Sealed; see {@link TokenRecord.attenuationKey}. */
  readonly attenuationKey?: string;
  /** Until when it still counts; absent: until the new one is used for the first time. */
  readonly endsAt?: string;
}

/** What is stored of a token: never its secret, only a keyed digest. Times are RFC 3339 texts in UTC. */
export interface TokenRecord {
  readonly id: string;
  readonly kind: TokenKind;
  /** What people call it; need not be unique. */
  readonly name: string;
  /** What people write down about it. */
  readonly notes?: string;
  readonly digest: string;
  /** The key that proves what a holder derived from the token, sealed; absent where nobody can derive any. */
  readonly attenuationKey?: string;
  /** The secret before this one, kept after its end, so that its use can be told from that of no secret at all. */
  readonly previous?: PreviousSecret;
  /** The token itself, sealed; only of a kind that its owner may see again. */
  readonly sealed?: string;
  /** What of the token may be shown again, since it proves nothing. */
  readonly stub?: string;
  /** The token that this one was derived from: its authority comes first, and its end is this one's, too. */
  readonly parentId?: string;
  /** What was added to the parent's authority on the way to this token, before its own grant. */
  readonly caveats?: readonly AuthorityEntry[];
  readonly grant: Grant;
  readonly owner: string;
  readonly project?: string;
  readonly createdAt: string;
  /** The id of the principal that issued it. */
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  /** When it got its present secret, if that is not its first. */
  readonly rotatedAt?: string;
  /** How many seconds a secret is to be used, before people are reminded to make a new one. */
  readonly rotateAfterSeconds?: number;
  readonly lastUsedAt?: string;
  /** Grows by one with each change; see {@link TokenStore.update}. */
  readonly version: number;
}

/** Which tokens to list. What is absent does not matter. */
export interface TokenFilter {
  readonly owner?: string;
  readonly project?: string;
  /** The tokens that were derived from this one, directly. */
  readonly parentId?: string;
}

/** A token's place in a list. */
export type TokenPosition = Pick<TokenRecord, 'createdAt' | 'id'>;

/** A part of what the filter lets through. */
export interface TokenQuery extends TokenFilter {
  /** Only tokens behind this place, whether or not there is a token at it. */
  readonly after?: TokenPosition;
  /** No more than so many tokens, at least 1; all of them when it is left out. */
  readonly limit?: number;
}

/** A token as it must be while something else is written. */
export type StandingToken = Pick<TokenRecord, 'id' | 'version'>;

/** Which of the tokens that were derived from one another to count. */
export interface DerivedQuery {
  /** Those that were derived from this one, directly or by way of others, as long as all on the way to them work. */
  readonly parentId: string;
  /** Only by way of the caveat with this id. */
  readonly through?: string;
  /** Only those that this principal has made, and directly. */
  readonly createdBy?: string;
  /** RFC 3339 in UTC: what was revoked or has expired by then does not count. */
  readonly at: string;
  /** Counts no further than this, at least 1. */
  readonly limit: number;
}

/**
 * SEAM: where tokens live. `@latchkey/auth-core/testing` has the contract that an implementation must meet.
 *
 * What a store returns is its own copy. A method that cannot do its work rejects; it never answers with less.
 */
export interface TokenStore {
  /**
   * What its transactions are of, where others can give it one of theirs. `insert`, `update` and `remove` then write in that
   * `transaction`: what they have said true to is there once it is committed.
   */
  readonly database?: object;
  /**
   * Adds a token and says true; says false and changes nothing when there is one with this id, or when one of the
   * `standing` tokens is not there in that version. Nobody changes those before the token is written.
   */
  insert(record: TokenRecord, standing?: readonly StandingToken[], transaction?: unknown): Promise<boolean>;
  /** The token with this id, as the last completed write of any process left it. */
  find(id: string): Promise<TokenRecord | undefined>;
  /**
   * Replaces the token that has the record's id and the expected version, all or nothing, and says true; says false
   * and changes nothing when there is none such, or when one of the `standing` tokens is not there in that version. Of two
   * changes to one version, only one succeeds, and of two that stand on one another as well.
   * `lastUsedAt` is left alone: it belongs to {@link TokenStore.touch}.
   */
  update(
    record: TokenRecord,
    expectedVersion: number,
    standing?: readonly StandingToken[],
    transaction?: unknown,
  ): Promise<boolean>;
  /**
   * Deletes the token that has this id and the expected version, with all that was derived from it, and says true; says
   * false and changes nothing when there is none such, or when one of the `standing` tokens is not there in that version.
   */
  remove(
    id: string,
    expectedVersion: number,
    standing?: readonly StandingToken[],
    transaction?: unknown,
  ): Promise<boolean>;
  /** How many tokens that work were derived from one, without reading them. */
  countDerived(query: DerivedQuery): Promise<number>;
  /** The tokens that fit, the oldest first (by `createdAt`, then by `id`). */
  list(query: TokenQuery): Promise<TokenRecord[]>;
  /**
   * Notes when tokens were last used, by id. Never moves a time back, leaves the version alone, and passes over ids
   * that it does not know.
   */
  touch(lastUsed: ReadonlyMap<string, string>): Promise<void>;
  /**
   * Deletes what was derived from another token (it has a `parentId`) and has ended before this time (RFC 3339 in UTC), and
   * what was derived from tokens that are not there any more. It keeps whatever still ends something: a record that the
   * caveats of a token name, and, of kind `attenuated` and `access`, one that was revoked and has not expired.
   */
  forgetEnded(before: string): Promise<void>;
  /**
   * Tells the ids of tokens that any process has changed, soon after the change; for stores whose database can.
   * Returns the way to stop. What the listener misses while the connection is down, the next look into the store
   * finds.
   */
  watch?(listener: (id: string) => void): Promise<() => Promise<void>>;
  /** Lets go of what the store itself holds. Every later call rejects. */
  close(): Promise<void>;
}
