/** Every kind of token. Each is implemented by one `TokenFormat`, and each can be disabled. */
export const TOKEN_KINDS = [
  'api-key',
  'custom',
  'personal-access',
  'access',
  'legacy',
  'place-bound',
  'attenuated',
] as const;

/** The kinds of tokens. */
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** The kinds that an issuer makes and a store keeps. */
export type StoredTokenKind = Extract<TokenKind, 'api-key' | 'custom' | 'personal-access' | 'legacy' | 'place-bound'>;

/** The kinds whose text says what they were derived from, so that the store needs no record of them. */
export type DerivedTokenKind = Exclude<TokenKind, StoredTokenKind>;

/** The two halves of a token: a public one to look it up by, and a secret one that proves it. */
export interface TokenParts {
  readonly id: string;
  readonly secret: string;
}
