/** A tool call that waits for a person. */
export interface Approval {
  readonly id: string;
  /** The root token of the run that the call belongs to. */
  readonly rootId: string;
  /** Whose call it is. */
  readonly token: { readonly id: string; readonly name: string; readonly owner: string };
  readonly project: string | null;
  /** The plugin id. */
  readonly server: string;
  /** The tool's own name. */
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** RFC 3339. */
  readonly requestedAt: string;
  /** RFC 3339; no answer by then means no. */
  readonly expiresAt: string;
}

/** An approval as those who may decide see it. */
export interface ShownApproval extends Approval {
  /** Whether a request waits for the call just now, or its caller has left and may come back for it. */
  readonly caller: 'waiting' | 'away';
}

/** What a person says. */
export interface ApprovalAnswer {
  readonly decision: 'approve' | 'deny';
  /** To be sent in place of what the model has asked for. */
  readonly arguments?: Record<string, unknown>;
}

/** Why an answer can't be taken; the call goes on waiting. */
export interface Refusal {
  readonly code: 'PERMISSION_DENIED' | 'INVALID_REQUEST';
  readonly message: string;
}

/** How far a call is. */
export type ApprovalProgress = Pick<StoredApproval, 'id' | 'status' | 'answerId' | 'answer' | 'responseId' | 'takenBy'>;

/** What is kept of a call that waits, or that has waited until a moment ago. */
export interface StoredApproval extends Approval {
  /** The names that the tool's definition gives its arguments. */
  readonly argumentNames: readonly string[];
  readonly status: 'waiting' | 'answered' | 'approved' | 'denied' | 'expired';
  /** RFC 3339; until then the server on which it waits counts as running. */
  readonly aliveUntil: string;
  /** The response from which a request takes the call up when its caller has left; absent: it ends with its caller. */
  readonly responseId?: string;
  /** The ids by which its token ends. */
  readonly chain: readonly string[];
  /** Names the last answer. */
  readonly answerId?: string;
  /** Who has given it, and a keyed digest of what was said. */
  readonly decided?: { readonly by: string; readonly digest: string };
  /** An answer on its way to the server on which the call waits, which takes it or refuses it. */
  readonly answer?: ApprovalAnswer;
  /** Why that server did not take the last answer. */
  readonly refusal?: Refusal;
  /** The stored turn that makes the call, once it is approved. */
  readonly takenBy?: string;
}
