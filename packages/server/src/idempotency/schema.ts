/** The table of the requests that were sent with an `Idempotency-Key`. */
export interface KeyedRequestTables {
  keyed_request: KeyedRequestTable;
}

export interface KeyedRequestTable {
  /** A keyed digest of the token, its project, the route and the key. */
  id: string;
  root_id: string;
  /** The run of a server that carries it out. */
  run_id: string;
  /** A keyed digest of what was asked for. */
  digest: string;
  /** A digest of the grants that it was carried out with. */
  authority: string;
  state: 'running' | 'answered';
  /** Sealed; null while it runs, and where no answer is kept. */
  answer: string | null;
  answer_bytes: number;
  /** RFC 3339; the answer goes then, and the key stays. */
  answer_until: string;
  /** The server that carries it out moves this on. */
  alive_until: string;
  created_at: string;
  expires_at: string;
}
