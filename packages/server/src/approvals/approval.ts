/** A tool call that waits for a person. */
export interface Approval {
  readonly id: string;
  /** The root token of the run that the call belongs to. */
  readonly rootId: string;
  /** The token that made the call. */
  readonly token: { readonly id: string; readonly name: string; readonly owner: string };
  readonly project: string | null;
  /** The plugin id. */
  readonly server: string;
  /** The tool's own name. */
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly requestedAt: string;
  /** RFC 3339; a call without an answer by then is denied. */
  readonly expiresAt: string;
}

/** An approval as shown to callers that may decide about it. */
export interface ShownApproval extends Approval {
  /** Whether a request is waiting for the call, or its caller has left and may return for it. */
  readonly caller: 'waiting' | 'away';
}

/** A person's decision. */
export interface ApprovalAnswer {
  readonly decision: 'approve' | 'deny';
  /** Replace the arguments that the model requested. */
  readonly arguments?: Record<string, unknown>;
}

/** Why an answer cannot be taken; the call stays pending. */
export interface Refusal {
  readonly code: 'PERMISSION_DENIED' | 'INVALID_REQUEST';
  readonly message: string;
}

/** The progress of a call. */
export type ApprovalProgress = Pick<StoredApproval, 'id' | 'status' | 'answerId' | 'answer' | 'responseId' | 'takenBy'>;

/** The stored record of a call that is pending or was until recently. */
export interface StoredApproval extends Approval {
  /** The names that the tool's definition gives its arguments. */
  readonly argumentNames: readonly string[];
  readonly status: 'waiting' | 'answered' | 'approved' | 'denied' | 'expired';
  /** RFC 3339; until then the server on which it waits counts as alive. */
  readonly aliveUntil: string;
  /**
   * The response with which a later request resumes the call after its caller left; absent: it ends with its caller.
   */
  readonly responseId?: string;
  /** The ids of the caller's chain: the call ends when one of them does. */
  readonly chain: readonly string[];
  /** The id of the last answer. */
  readonly answerId?: string;
  /** The id of the token that gave it, and a keyed digest of its content. */
  readonly decided?: { readonly by: string; readonly digest: string };
  /** An answer that the server on which the call waits has yet to accept or refuse. */
  readonly answer?: ApprovalAnswer;
  /** Why that server refused the last answer. */
  readonly refusal?: Refusal;
  /** The stored turn that makes the call after its approval. */
  readonly takenBy?: string;
}
