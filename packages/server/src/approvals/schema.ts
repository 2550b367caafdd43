/** The table of pending calls. */
export interface ApprovalTables {
  approval: ApprovalTable;
}

export interface ApprovalTable {
  id: string;
  root_id: string;
  token_id: string;
  token_name: string;
  owner: string;
  project: string | null;
  server: string;
  tool: string;
  /** JSON of the arguments; `{}` once it is decided. */
  arguments: string;
  /** JSON of the names that the tool's definition gives its arguments. */
  argument_names: string | null;
  /** The class of the tool; null where it is not known, and in rows from before this column existed. */
  effect: string | null;
  /** JSON of why it needs a person; null in rows from before this column existed. */
  reasons: string | null;
  status: 'waiting' | 'answered' | 'approved' | 'denied' | 'expired';
  /** The id of the last answer. */
  answer_id: string | null;
  /** JSON of the ids of the caller's chain: the call ends when one of them does. */
  chain: string | null;
  /** The token that gave the last answer, and a keyed digest of its content. */
  decided_by: string | null;
  decided_digest: string | null;
  /** JSON of an answer that the server on which the call waits has not accepted yet. */
  answer: string | null;
  /** JSON of why that server refused the last answer. */
  refusal: string | null;
  requested_at: string;
  expires_at: string;
  /** That server extends it while it runs. */
  alive_until: string;
  /** Absent: the call ends with its caller. */
  response_id: string | null;
  /** The stored turn that makes the call after its approval. */
  taken_by: string | null;
}
