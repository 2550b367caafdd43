/**
 * Why a call needs a person. `grant`: a grant of its caller, by its source, has `approval` for the tool. `caller`: the
 * request itself wants it. `taint`: untrusted content is in the run, and the tool has this label.
 */
export type ApprovalReason =
  | { readonly type: 'grant'; readonly source: string }
  | { readonly type: 'caller' }
  | { readonly type: 'taint'; readonly content: string; readonly label: string };

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
  /** Every reason for which it waits. */
  readonly reasons: readonly ApprovalReason[];
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

/** The state of a call. */
export type ApprovalState = 'waiting' | 'approved' | 'denied' | 'expired';

/** An event for a watching client; `approval.listed` is sent once, after all calls that were pending at the start. */
export type ApprovalEvent =
  | { readonly type: 'approval.requested'; readonly approval: ShownApproval }
  | { readonly type: 'approval.listed' }
  | {
      readonly type: 'approval.ended';
      readonly id: string;
      readonly outcome: Exclude<ApprovalState, 'waiting'>;
    };
