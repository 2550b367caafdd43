/** The table of the calls that wait for a person. */
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
  status: 'waiting' | 'answered' | 'approved' | 'denied' | 'expired';
  /** Names the last answer. */
  answer_id: string | null;
  /** JSON of the ids by which its token ends. */
  chain: string | null;
  /** The token that has given the last answer, and a keyed digest of what it said. */
  decided_by: string | null;
  decided_digest: string | null;
  /** JSON of an answer that the server on which the call waits has not taken yet. */
  answer: string | null;
  /** JSON of why that server did not take the last answer. */
  refusal: string | null;
  requested_at: string;
  expires_at: string;
  /** That server moves it on while it runs. */
  alive_until: string;
  /** Absent: the call ends with its caller. */
  response_id: string | null;
  /** The stored turn that makes the call, once it is approved. */
  taken_by: string | null;
}
