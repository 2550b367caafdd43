import type { AuthorityEntry } from '../authority/authority.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';

/** Every kind of token. Each is one file behind {@link TokenFormat}, and each can be switched off. */
export const TOKEN_KINDS = ['api-key', 'custom', 'personal-access', 'access', 'legacy', 'attenuated'] as const;

/** The kinds of tokens. */
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** The kinds that an issuer makes and a store keeps. */
export type StoredTokenKind = Extract<TokenKind, 'api-key' | 'custom' | 'personal-access' | 'legacy'>;

/** The kinds that say themselves what they were derived from, so that no store need have seen them. */
export type DerivedTokenKind = Exclude<TokenKind, StoredTokenKind>;

/** The two halves of a token: a public one to look it up by, and a secret one that proves it. */
export interface TokenParts {
  readonly id: string;
  readonly secret: string;
}

/** What a caller presents. Without an id it is looked up by a keyed digest of the secret; see `Digest.idOf`. */
export interface PresentedToken {
  readonly id?: string;
  readonly secret: string;
}

/** What a new token, or a new secret of one that is there, is made of. */
export interface MintRequest {
  /** The id that stays when a token gets a new secret; absent: a new one. */
  readonly id?: string;
  readonly owner: string;
  readonly issuedAt: Date;
  readonly expiresAt?: Date;
  /** The text that the issuer chose, for the kind that takes one. */
  readonly secret?: string;
}

/** A new token; `text` is what its holder gets. */
export interface MintedToken extends PresentedToken {
  readonly text: string;
  /** What of the text may be shown again later, since it proves nothing. */
  readonly stub?: string;
}

/** SEAM: how tokens of one kind are made and read, whose secrets the store keeps a digest of. */
export interface StoredTokenFormat {
  readonly type: 'stored';
  readonly kind: StoredTokenKind;
  /** Whether its owner may see a token again; it is then kept, sealed. */
  readonly revealable?: true;
  /** Makes a new token. @throws {AuthError} `AUTH_GRANT_INVALID` when it cannot be made of what is asked for */
  mint(request: MintRequest): Promise<MintedToken>;
  /** Reads what a caller presents; undefined when it has any other shape. Never throws, whatever the text. */
  parse(text: string): PresentedToken | undefined;
}

/** What a token turned out to be derived from, and what it adds to that. */
export interface Derivation {
  /** The id of the stored token that it was derived from. */
  readonly parentId: string;
  /** Every id that it can be revoked by, its own the last; none of them is the id of a stored token. */
  readonly ids: readonly string[];
  /** What it adds to its parent's authority. It can only narrow. */
  readonly entries: readonly AuthorityEntry[];
  /** RFC 3339; when it ends, if that is before its parent's end. */
  readonly expiresAt?: string;
  /** The project that it was made for; it counts where its parent belongs to none. */
  readonly project?: string;
  /** Which of the attenuation keys proved it, if it was one of those; see {@link ProofContext}. */
  readonly provedBy?: string;
}

/** What a derived token is proved with. */
export interface ProofContext {
  readonly now: Date;
  /** What grants are read with that a token carries. */
  readonly vocabulary: VocabularyParts;
  /** The id of a stored token whose text names none, by the commitment to its text; see `Digest.idOfCommitment`. */
  idOfCommitment(kind: TokenKind, commitment: string): Promise<string>;
  /**
   * The keys that prove what holders derived from a stored token, each of 64 hexadecimal digits: that of its present
   * secret, and after it that of the former one, where there is one; none when there is no such token.
   */
  attenuationKeysOf(parentId: string): Promise<readonly string[]>;
}

/** SEAM: how tokens of one kind are read that were derived from stored ones. */
export interface DerivedTokenFormat {
  readonly type: 'derived';
  readonly kind: DerivedTokenKind;
  /** Whether a text has the shape of this kind; looked at before anything is computed. Never throws. */
  matches(text: string): boolean;
  /**
   * Proves a text of this shape. What becomes of the parent is not its concern.
   *
   * @throws {AuthError} `AUTH_TOKEN_MALFORMED`, `AUTH_TOKEN_UNKNOWN`, `AUTH_TOKEN_EXPIRED`,
   * `AUTH_TOKEN_NOT_YET_VALID`, `AUTH_TOKEN_WRONG_AUDIENCE`
   */
  prove(text: string, context: ProofContext): Promise<Derivation>;
}

/** SEAM: how tokens of one kind are read, and made. */
export type TokenFormat = StoredTokenFormat | DerivedTokenFormat;
