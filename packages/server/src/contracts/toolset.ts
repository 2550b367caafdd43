import type { ToolDefinition } from '@latchkey/engine';
import type { ToolOrigin, ToolResult } from './chat-event.ts';

/** What became of a call, as the chat loop sees it. Failures are values: the model reads them and goes on. */
export type ToolCallOutcome =
  | ({ readonly type: 'ran'; readonly tool: string } & ToolResult)
  | {
      readonly type: 'refused';
      readonly kind: 'invalid_name' | 'invalid_arguments';
      readonly tool: string;
      readonly origin?: ToolOrigin;
      readonly arguments?: Record<string, unknown>;
      /** Safe to show to the caller and the model. */
      readonly reason: string;
      /** The stored turn that makes the call in place of this one: its answer is the answer to this call. */
      readonly madeBy?: string;
    }
  /** Its caller has left before anybody has decided: it waits on, for whoever goes on from the response. */
  | { readonly type: 'waits' };

/** How a call waits for a person, if it must. */
export interface ApprovalWait {
  /** The approval that it waited for before its caller left. */
  readonly approvalId?: string;
  /** The response from which a later request can take it up; absent: it ends with this request. */
  readonly responseId?: string;
  /** The stored turn that makes the call; absent: it is not stored. */
  readonly turnId?: string;
  /** Told the approval's id once it waits; when it rejects, the call is not made. */
  readonly onWaiting: (approvalId: string) => Promise<void>;
  /** Told that a person has agreed, before the call is made; when it rejects, the call is not made. */
  readonly onApproved?: () => Promise<void>;
}

/** The tools of one request: exactly those that its token, its `allowed_tools` and the servers together permit. */
export interface ChatToolset extends AsyncDisposable {
  readonly definitions: readonly ToolDefinition[];
  /** The name for people and where the tool comes from; undefined when the model made the name up. */
  describe(name: string): { readonly tool: string; readonly origin: ToolOrigin } | undefined;
  /** Decides again, with the arguments, and runs the call. Never throws for what a tool or a model does. */
  call(name: string, args: Record<string, unknown>, signal: AbortSignal, wait?: ApprovalWait): Promise<ToolCallOutcome>;
}
