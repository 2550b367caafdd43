import type { AuthorityEntry } from '../authority/authority.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import type { EarlierSecret } from './earlier-secret.ts';
import type { DerivedTokenKind, StoredTokenKind, TokenKind } from './token-parts.ts';

export type { DerivedTokenKind, StoredTokenKind, TokenKind, TokenParts } from './token-parts.ts';
export { TOKEN_KINDS } from './token-parts.ts';

/** A presented token. Without an id it is looked up by a keyed digest of the secret; see `Digest.idOf`. */
export interface PresentedToken {
  readonly id?: string;
  readonly secret: string;
  /** Present for the key of an earlier system. */
  readonly earlier?: EarlierSecret;
}

/** The input for a new token, or for a new secret of an existing one. */
export interface MintRequest {
  /** The id to keep when a token gets a new secret; absent: a new id. */
  readonly id?: string;
  readonly owner: string;
  readonly issuedAt: Date;
  readonly expiresAt?: Date;
  /** The text that the issuer chose, for the kind that takes one. */
  readonly secret?: string;
}

/** A new token; its holder gets `text`. */
export interface MintedToken extends Omit<PresentedToken, 'earlier'> {
  /** Empty for the key of an earlier system, whose text is not known. */
  readonly text: string;
  /** The hash that an earlier system stored, where only that can be checked; it is sealed. */
  readonly earlierHash?: string;
  /** The part of the text that may be shown again later, since it proves nothing. */
  readonly stub?: string;
}

/** SEAM: makes and reads tokens of one kind that are kept in the store as a digest. */
export interface StoredTokenFormat {
  readonly type: 'stored';
  readonly kind: StoredTokenKind;
  /** Whether its owner may see a token again; it is then kept, sealed. */
  readonly revealable?: true;
  /** Whether holders can add no caveats to its tokens; no key that would prove them is kept then. */
  readonly underivable?: true;
  /**
   * Why a text that the issuer chose is too weak for a key; undefined when it is strong enough. Absent: the kind takes
   * no such text.
   */
  weaknessOf?(secret: string): string | undefined;
  /** Makes a new token. @throws {AuthError} `AUTH_INPUT_INVALID` when the request does not allow one */
  mint(request: MintRequest): Promise<MintedToken>;
  /** Reads a presented text; undefined when it has any other shape. Never throws, for any text. */
  parse(text: string): PresentedToken | undefined;
}

/** What a token was derived from, and what it adds to that. */
export interface Derivation {
  /** The id of the stored token that it was derived from. */
  readonly parentId: string;
  /** Every id that it can be revoked by, its own id last; none of them is the id of a stored token. */
  readonly ids: readonly string[];
  /** What it adds to its parent's authority. It can only narrow. */
  readonly entries: readonly AuthorityEntry[];
  /** RFC 3339; its expiry, if it is earlier than that of its parent. */
  readonly expiresAt?: string;
  /** The project that it was made for; it applies where its parent belongs to none. */
  readonly project?: string;
  /** Claims of the host's own that it carries. */
  readonly claims?: JsonObject;
  /** The attenuation key that proved it, if one did; see {@link ProofContext}. */
  readonly provedBy?: string;
}

/** The input for the proof of a derived token. */
export interface ProofContext {
  readonly now: Date;
  /** The vocabulary for reading the grants that a token carries. */
  readonly vocabulary: VocabularyParts;
  /** The id of a stored token whose text names none, by the commitment to its text; see `Digest.idOfCommitment`. */
  idOfCommitment(kind: TokenKind, commitment: string): Promise<string>;
  /**
   * The keys that prove what holders derived from a stored token, 64 hexadecimal digits each: that of its present
   * secret, then that of the former one, if there is one; none when there is no such token.
   */
  attenuationKeysOf(parentId: string): Promise<readonly string[]>;
}

/** SEAM: reads tokens of one kind that are derived from stored ones. */
export interface DerivedTokenFormat {
  readonly type: 'derived';
  readonly kind: DerivedTokenKind;
  /** Whether a text has the shape of this kind; checked before anything is computed. Never throws. */
  matches(text: string): boolean;
  /**
   * Proves a text of this shape. It does not check whether the parent has ended.
   *
   * @throws {AuthError} `AUTH_TOKEN_MALFORMED`, `AUTH_TOKEN_UNKNOWN`, `AUTH_TOKEN_EXPIRED`,
   * `AUTH_TOKEN_NOT_YET_VALID`, `AUTH_TOKEN_WRONG_AUDIENCE`
   */
  prove(text: string, context: ProofContext): Promise<Derivation>;
}

/** SEAM: reads tokens of one kind, and makes them if they are stored. */
export type TokenFormat = StoredTokenFormat | DerivedTokenFormat;
