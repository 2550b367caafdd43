/** One row of the table `tokens`. Times are RFC 3339 texts in UTC; what ends in `_json` is JSON. */
export interface TokensTable {
  id: string;
  kind: string;
  name: string;
  notes: string | null;
  metadata_json: string | null;
  digest: string;
  attenuation_key: string | null;
  previous_json: string | null;
  sealed: string | null;
  stub: string | null;
  parent_id: string | null;
  caveats_json: string | null;
  grant_json: string;
  owner: string;
  project: string | null;
  created_at: string;
  created_by: string;
  expires_at: string | null;
  revoked_at: string | null;
  rotated_at: string | null;
  rotate_after_seconds: number | null;
  last_used_at: string | null;
  version: number;
}

/** The one row of the table `digest_keys`: the keys that tokens are stored with. */
export interface DigestKeysTable {
  id: number;
  ids_json: string;
  id_key: string;
  version: number;
}

/** The tables that tokens need. A server may keep its own tables beside them. */
export interface TokenSchema {
  digest_keys: DigestKeysTable;
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

/** One row of the table `limit_credits`: what was spent, at the last interval in which some was. */
export interface LimitCreditsTable {
  key: string;
  used: number;
  interval: number;
}

/** The tables that counting needs. */
export interface LimitSchema {
  limit_credits: LimitCreditsTable;
  limit_windows: LimitWindowsTable;
  limit_leases: LimitLeasesTable;
}

/** One row of the table `audit_entries`. All of it is in the hash; `at` is RFC 3339 in UTC with milliseconds. */
export interface AuditEntriesTable {
  seq: number;
  at: string;
  type: string;
  actor_id: string | null;
  actor_name: string | null;
  actor_owner: string | null;
  root_id: string | null;
  actor_address: string | null;
  project: string | null;
  subject: string | null;
  details_json: string | null;
  key_id: string | null;
  previous_hash: string;
  hash: string;
}

/** The one row of the table `audit_head`: where the log ends, and the last entry that was trimmed. */
export interface AuditHeadTable {
  id: number;
  seq: number;
  hash: string;
  start_seq: number | null;
  start_hash: string | null;
  seal: string;
}

/** One row of the table `audit_checkpoints`: an entry that a verification can begin at. */
export interface AuditCheckpointsTable {
  seq: number;
  hash: string;
  seal: string;
}

/** The tables that an audit log needs. */
export interface AuditSchema {
  audit_entries: AuditEntriesTable;
  audit_head: AuditHeadTable;
  audit_checkpoints: AuditCheckpointsTable;
}

/** One row of the table `personal_texts`: what an audit log names by a pseudonym. */
export interface PersonalTextsTable {
  pseudonym: string;
  owner: string;
  text: string;
}

/** The table that an audit log without texts about persons needs. */
export interface PersonSchema {
  personal_texts: PersonalTextsTable;
}

/** One row of the table `signing_keys`. */
export interface SigningKeysTable {
  sequence: number;
  kid: string;
  sealed: string;
  created_at: string;
}

/** The table that signing keys need. */
export interface SigningKeySchema {
  signing_keys: SigningKeysTable;
}
