/** The table of the accounts of persons who sign in at the provider of OpenID Connect. */
export interface AccountTables {
  openid_account: AccountTable;
}

export interface AccountTable {
  issuer: string;
  /** The person, as the provider names it to this server. */
  subject: string;
  /** The token of the person. */
  token_id: string;
  /** The token, encrypted with the secret of the installation. */
  sealed: string;
  created_at: string;
}
