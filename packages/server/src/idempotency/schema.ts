/** The table of the requests that were sent with an `Idempotency-Key`. */
export interface KeyedRequestTables {
  keyed_request: KeyedRequestTable;
}

export interface KeyedRequestTable {
  /** A keyed digest of the token, its project, the route and the key. */
  id: string;
  root_id: string;
  /** The server run that carries it out. */
  run_id: string;
  /** A keyed digest of the request's content. */
  digest: string;
  /** A digest of the grants with which it was carried out. */
  authority: string;
  state: 'running' | 'answered';
  /** Encrypted; null while the request runs, and where no answer is stored. */
  answer: string | null;
  answer_bytes: number;
  /** RFC 3339; the answer is deleted then, and the key stays. */
  answer_until: string;
  /** The server that carries it out extends this. */
  alive_until: string;
  created_at: string;
  expires_at: string;
}
