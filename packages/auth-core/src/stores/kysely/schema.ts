/** One row of the table `tokens`. Times are RFC 3339 texts in UTC; `grant_json` is the grant as JSON. */
export interface TokensTable {
  id: string;
  kind: string;
  name: string;
  digest: string;
  grant_json: string;
  owner: string;
  project: string | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  version: number;
}

/** The tables that tokens need. A server may keep its own tables beside them. */
export interface TokenSchema {
  tokens: TokensTable;
}
