import type { AuthorityEntry } from '../authority/authority.ts';
import type { Grant } from '../authority/grant.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import type { TokenKind } from './token-parts.ts';

/** A secret that a token had before it got a new one. */
export interface PreviousSecret {
  readonly digest: string;
  /** Sealed; see {@link TokenRecord.attenuationKey}. */
  readonly attenuationKey?: string;
  /** Until when it remains valid; absent: until a newer one is first used. */
  readonly endsAt?: string;
  /**
   * `open`: the token has replaced it by itself, and nothing newer was used since, so the answer with the new secret may
   * have been lost. Only of a secret with an end.
   */
  readonly retry?: 'open';
  /** The secret before this one, as long as nothing newer than it was used. */
  readonly previous?: PreviousSecret;
}

/** What is stored of a token: never its secret, only a keyed digest. Times are RFC 3339 texts in UTC. */
export interface TokenRecord {
  readonly id: string;
  readonly kind: TokenKind;
  /** What people call it; need not be unique. */
  readonly name: string;
  /** Notes of people about it. */
  readonly notes?: string;
  /** What the host keeps on it. */
  readonly metadata?: JsonObject;
  /** Keyed, and with the id of its key; see `Digest.of`. Earlier versions did not name the key. */
  readonly digest: string;
  /** The key that proves what a holder derived from the token, sealed; absent where no token can be derived. */
  readonly attenuationKey?: string;
  /** The secret before this one. It is kept after it has ended, so that its use can be recognized. */
  readonly previous?: PreviousSecret;
  /** The token itself, sealed; only for a kind that its owner may see again. */
  readonly sealed?: string;
  /** The part of the token that may be shown again, since it proves nothing. */
  readonly stub?: string;
  /** The token that this one was derived from: its authority comes first, and when it ends, this one ends too. */
  readonly parentId?: string;
  /** The grants between the parent's authority and this token's own grant. */
  readonly caveats?: readonly AuthorityEntry[];
  readonly grant: Grant;
  readonly owner: string;
  readonly project?: string;
  readonly createdAt: string;
  /** The id of the principal that issued it. */
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  /** When it got its present secret, if it was rotated. */
  readonly rotatedAt?: string;
  /** After how many seconds the token is due for a new secret. */
  readonly rotateAfterSeconds?: number;
  readonly lastUsedAt?: string;
  /** Grows by one with each change; see {@link TokenStore.update}. */
  readonly version: number;
}

/** Which tokens to list. An absent field matches every token. */
export interface TokenFilter {
  readonly owner?: string;
  readonly project?: string;
  /** Only tokens that were derived directly from this one. */
  readonly parentId?: string;
}

/** A token's position in a list. */
export type TokenPosition = Pick<TokenRecord, 'createdAt' | 'id'>;

/** A part of the tokens that match the filter. */
export interface TokenQuery extends TokenFilter {
  /** Only tokens that were derived directly from one of these. */
  readonly parentIds?: readonly string[];
  /** Only tokens after this position, whether or not there is a token at it. */
  readonly after?: TokenPosition;
  /** The most tokens to return, at least 1; all of them when left out. */
  readonly limit?: number;
}

/** Which tokens to end together: all of an owner, of a project or of both that still stand. */
export interface EndingQuery extends Pick<TokenFilter, 'owner' | 'project'> {
  /** Tokens with these ids are left as they are. */
  readonly except: readonly string[];
  /** RFC 3339 in UTC: when they were revoked. */
  readonly revokedAt: string;
}

/** Chooses which of some tokens to end, by their ids. `find` reads what the ending itself sees. */
export type ChooseTokens = (tokens: readonly TokenRecord[], find: TokenStore['find']) => Promise<readonly string[]>;

/** A token and the version that it must have while something else is written. */
export type StandingToken = Pick<TokenRecord, 'id' | 'version'>;

/** Which derived tokens to count. */
export interface DerivedQuery {
  /** Tokens derived from this one, directly or through others, if every token in between is live. */
  readonly parentId: string;
  /** Only those derived through the caveat with this id. */
  readonly through?: string;
  /** Only those that this principal made directly. */
  readonly createdBy?: string;
  /** RFC 3339 in UTC: tokens that were revoked or expired by then do not count. */
  readonly at: string;
  /** Counting stops at this number, at least 1. */
  readonly limit: number;
}

/** The keys that a store is used with. */
export interface StoredKeys {
  /** The ids of the keys, the newest last. */
  readonly ids: readonly string[];
  /** The key of the ids of tokens whose text names none, sealed. */
  readonly idKey: string;
  /** Grows by one with each change; 1 for the first. */
  readonly version: number;
}

/** A token that was inserted, changed or deleted. */
export interface TokenChange {
  readonly id: string;
  /** Whether it has ended for good: it was revoked or deleted. */
  readonly ended: boolean;
}

/**
 * SEAM: where tokens live. `@latchkey/auth-core/testing` has the contract that an implementation must meet.
 *
 * A store returns copies. A method that cannot do its work rejects; it never returns a partial answer.
 */
export interface TokenStore {
  /**
   * The database of its transactions, if callers can pass their own. `insert`, `update` and `remove` then write in that
   * `transaction`: what they returned true for is stored once it is committed.
   */
  readonly database?: object;
  /** The same tokens in a transaction that is open, of this database: what is read and written is part of it. */
  over?(transaction: object): TokenStore;
  /**
   * Adds a token and returns true; returns false and changes nothing when there is one with this id, or when one of the
   * `standing` tokens does not exist in that version. Those cannot change before the token is written.
   */
  insert(record: TokenRecord, standing?: readonly StandingToken[], transaction?: unknown): Promise<boolean>;
  /** The token with this id, as the last completed write of any process left it. */
  find(id: string): Promise<TokenRecord | undefined>;
  /**
   * Replaces the token that has the record's id and the expected version, all or nothing, and returns true; returns
   * false and changes nothing when there is no such token, or when one of the `standing` tokens does not exist in that
   * version. Of two changes to one version, only one succeeds. The same holds for two changes that name each other's
   * tokens as `standing`. `lastUsedAt` is not changed: it belongs to {@link TokenStore.touch}.
   */
  update(
    record: TokenRecord,
    expectedVersion: number,
    standing?: readonly StandingToken[],
    transaction?: unknown,
  ): Promise<boolean>;
  /**
   * Deletes the token that has this id and the expected version, with all that was derived from it, and returns true;
   * returns false and changes nothing when there is no such token, or when one of the `standing` tokens does not exist
   * in that version.
   */
  remove(
    id: string,
    expectedVersion: number,
    standing?: readonly StandingToken[],
    transaction?: unknown,
  ): Promise<boolean>;
  /**
   * Revokes every token that matches and has not been revoked, or, with `choose`, those of them that it chooses, all or
   * nothing, and returns them as they are then. A token that is inserted meanwhile, by any process, is either among
   * them, or its `standing` tokens are looked at after all of them have ended: nothing that one of them makes is left.
   */
  endAll(query: EndingQuery, choose?: ChooseTokens, transaction?: unknown): Promise<TokenRecord[]>;
  /** The number of live tokens that were derived from a token, without reading them. */
  countDerived(query: DerivedQuery): Promise<number>;
  /** The tokens that match, oldest first (by `createdAt`, then by `id`). */
  list(query: TokenQuery): Promise<TokenRecord[]>;
  /**
   * Records when tokens were last used, by id. It never moves a time back, does not change the version, and ignores
   * unknown ids.
   */
  touch(lastUsed: ReadonlyMap<string, string>): Promise<void>;
  /**
   * Deletes derived tokens (those with a `parentId`) that ended before this time (RFC 3339 in UTC), and tokens whose
   * parent no longer exists. It keeps every record that still revokes something: one that the caveats of a token name,
   * and, of kind `attenuated` and `access`, one that was revoked and has not expired.
   */
  forgetEnded(before: string): Promise<void>;
  /**
   * Reports the tokens that any process has changed, soon after the change; for stores whose database can. The next
   * batch comes when the listener has done with the one before. After a gap in the connection, what was changed
   * meanwhile is reported first; something may be reported twice. Returns a function that stops it.
   */
  watch?(listener: (changes: readonly TokenChange[]) => Promise<void>): Promise<() => Promise<void>>;
  /**
   * The keys that the store is used with; undefined before the first use. Without this and `replaceKeys`, it is not
   * noticed that a key is the wrong one.
   */
  readKeys?(): Promise<StoredKeys | undefined>;
  /**
   * Replaces the keys if they have the expected version, 0 where there are none, and returns true; returns false and
   * changes nothing otherwise. Of two changes to one version, only one succeeds.
   */
  replaceKeys?(keys: StoredKeys, expectedVersion: number): Promise<boolean>;
  /** Releases what the store itself holds. Every later call rejects. */
  close(): Promise<void>;
}
