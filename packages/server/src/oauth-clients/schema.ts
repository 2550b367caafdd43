/** The table of the clients of `/mcp` that a person has let in. */
export interface ConnectionTables {
  oauth_connection: ConnectionTable;
}

export interface ConnectionTable {
  id: string;
  /** The key that was derived from the token of the person. */
  token_id: string;
  /** The root token of its chain. */
  root_id: string;
  client_id: string;
  /** Where the code was sent. */
  redirect_uri: string;
  /** What the code is redeemed with (RFC 7636, S256). */
  challenge: string;
  code_digest: string;
  code_until: string;
  /** Null until the code is redeemed. */
  refresh_digest: string | null;
  /** The key, encrypted with the code; later with the refresh token. */
  sealed: string;
  /** Of the refresh token before, which works until the present one was used. Null where there is none. */
  former_digest: string | null;
  former_sealed: string | null;
  created_at: string;
}
