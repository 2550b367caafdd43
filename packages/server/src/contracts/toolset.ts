import type { ToolDefinition } from '@latchkey/engine';
import type { ToolOrigin, ToolResult } from './chat-event.ts';

/** The outcome of a call for the chat loop. Failures are values: the model reads them and continues. */
export type ToolCallOutcome =
  | ({ readonly type: 'ran'; readonly tool: string } & ToolResult)
  | {
      readonly type: 'refused';
      readonly kind: 'invalid_name' | 'invalid_arguments';
      readonly tool: string;
      readonly origin?: ToolOrigin;
      readonly arguments?: Record<string, unknown>;
      /** May be shown to the caller and the model. */
      readonly reason: string;
      /** The stored turn that makes the call in place of this one: its answer is the answer to this call. */
      readonly madeBy?: string;
    }
  /**
   * The call is detached: its caller left before a decision, and it waits for a request that continues the response.
   */
  | { readonly type: 'waits' };

/** How a call waits for a person, if it needs approval. */
export interface ApprovalWait {
  /** The approval that it waited for before its caller left. */
  readonly approvalId?: string;
  /** The response from which a later request can resume it; absent: it ends with this request. */
  readonly responseId?: string;
  /** The stored turn that makes the call; absent: the turn is not stored. */
  readonly turnId?: string;
  /** Called with the approval's id once the call is pending; if it rejects, the call is not made. */
  readonly onWaiting: (approvalId: string) => Promise<void>;
  /** Called when a person has approved, before the call is made; if it rejects, the call is not made. */
  readonly onApproved?: () => Promise<void>;
}

/** The display name and the origin of a tool. */
export interface DescribedTool {
  readonly tool: string;
  readonly origin: ToolOrigin;
  /** The caller confirms its calls before they are made. */
  readonly isConfirmed?: true;
  /** It searches the others: nothing outside is called, so it costs nothing and counts as no call of a tool. */
  readonly isSearch?: true;
}

/** The tools of one request: exactly those that its token, its `allowed_tools` and the servers permit. */
export interface ChatToolset extends AsyncDisposable {
  /** What the model sees now; with a search, more may be found by the next round. */
  readonly definitions: readonly ToolDefinition[];
  /** All of them, where the model sees only some. */
  readonly listed?: readonly ToolDefinition[];
  /** Describes a tool; undefined when there is no tool with that name. */
  describe(name: string): DescribedTool | undefined;
  /** Decides again, with the arguments, and runs the call. Never throws because of a tool or a model. */
  call(name: string, args: Record<string, unknown>, signal: AbortSignal, wait?: ApprovalWait): Promise<ToolCallOutcome>;
}
