import type { ToolEffect } from '@latchkey/auth-core';
import type { Approval, ApprovalAnswer } from '@latchkey/client';

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
  /** The class of the tool, by its definition. Absent: not known. */
  readonly effect?: ToolEffect;
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
