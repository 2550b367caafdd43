/** The kinds of tokens. Each is one file behind {@link TokenFormat}. */
export type TokenKind = 'api-key';

/** The two halves of a token: a public one to look it up by, and a secret one that proves it. */
export interface TokenParts {
  readonly id: string;
  readonly secret: string;
}

/** SEAM: how tokens of one kind are made and read. */
export interface TokenFormat {
  readonly kind: TokenKind;
  /** Makes a new token; `text` is what its holder gets. */
  mint(): TokenParts & { readonly text: string };
  /** Reads what a caller presents; undefined when it has any other shape. Never throws, whatever the text. */
  parse(text: string): TokenParts | undefined;
}
