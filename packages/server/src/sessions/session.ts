/** A session of the console: a token that was presented once, and is used by one browser since. */
export interface Session {
  readonly id: string;
  /** The root token of the token's chain. */
  readonly rootId: string;
  /** Every id by whose revocation the token ends. */
  readonly chain: readonly string[];
  readonly token: SessionToken;
  /** The address from which it was started. */
  readonly address?: string;
  /** What the browser calls itself; it proves nothing. */
  readonly browser?: string;
  /** RFC 3339, like the other times. */
  readonly createdAt: string;
  readonly usedAt: string;
  readonly expiresAt: string;
}

/** The token of a session, as it is shown. */
export interface SessionToken {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
}

/** The two secrets of a session. The browser keeps one out of reach of scripts, the page sends the other with each request. */
export interface SessionKeys {
  /** The values of the cookie; a browser may send several of one name. */
  readonly cookies: readonly string[];
  readonly pageKey: string;
}
