/** The tables of logins at MCP servers. */
export interface LoginTables {
  mcp_login: LoginTable;
  mcp_login_attempt: LoginAttemptTable;
}

export interface LoginTable {
  /** The plugin id. */
  server: string;
  /** The owner whose login it is; empty for one that all callers share. */
  account: string;
  /** The root token that made it. It ends with that token. */
  root_id: string;
  /** The tokens and endpoints, encrypted. */
  sealed: string;
  /** Another one after each change. */
  version: string;
  /** Until when one process renews it; null when none does. */
  claimed_until: string | null;
  created_at: string;
}

export interface LoginAttemptTable {
  id: string;
  server: string;
  account: string;
  root_id: string;
  /** What must be known again when its person comes back, encrypted. */
  sealed: string;
  expires_at: string;
}
