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

/** One row of the table `limit_windows`: what was used in a window. Ends are milliseconds since 1970. */
export interface LimitWindowsTable {
  key: string;
  window_end: number;
  used: number;
}

/** One row of the table `limit_leases`. Expiries are milliseconds since 1970. */
export interface LimitLeasesTable {
  key: string;
  lease_id: string;
  expires_at: number;
}

/** The tables that counting needs. */
export interface LimitSchema {
  limit_windows: LimitWindowsTable;
  limit_leases: LimitLeasesTable;
}
