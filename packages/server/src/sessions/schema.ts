/** The table of the console's sessions. */
export interface SessionTables {
  console_session: SessionTable;
}

export interface SessionTable {
  id: string;
  root_id: string;
  /** JSON: every id by whose revocation the token of the session ends. */
  chain: string;
  /** JSON: the token of the session, as it is shown. */
  token: string;
  /** The token, encrypted with both keys of the session. */
  sealed: string;
  address: string | null;
  /** What the browser calls itself. */
  browser: string | null;
  created_at: string;
  used_at: string;
  expires_at: string;
}
