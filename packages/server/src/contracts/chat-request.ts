import type { ChatMessage, ReasoningEffort, Sampling, ToolChoice, ToolDefinition } from '@latchkey/engine';

/** The tools of which a person must approve each call, though the token may need none. */
export type RequiredApproval = 'always' | readonly string[];

/** MCP tools that a request wants the model to have; whether it gets them is decided by its token. */
export type IntegrationRequest =
  | {
      readonly type: 'plugin';
      readonly id: string;
      readonly allowedTools?: readonly string[];
      readonly requireApproval?: RequiredApproval;
    }
  | {
      readonly type: 'ephemeral_mcp';
      readonly serverLabel: string;
      readonly serverUrl: string;
      readonly allowedTools?: readonly string[];
      readonly requireApproval?: RequiredApproval;
      /** Sent to that server only; not to be logged. */
      readonly headers?: Readonly<Record<string, string>>;
    };

/** A chat request in the neutral form that every dialect is parsed into. */
export interface ChatRequest {
  /** A model key or an alias, as the caller wrote it. */
  readonly model: string;
  /** What is new in this request; history comes before it. */
  readonly messages: readonly ChatMessage[];
  readonly integrations: readonly IntegrationRequest[];
  /** Tools that the caller runs itself: a call of one ends the turn. */
  readonly clientTools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly maxOutputTokens?: number;
  readonly contextLength?: number;
  readonly reasoning?: ReasoningEffort;
  /** A model that has no such effort takes the nearest, or thinks as it does by itself. */
  readonly reasoningIsWish?: true;
  readonly responseSchema?: Record<string, unknown>;
  readonly previousResponseId?: string;
  /** Keep the conversation, so that a later request may go on from it. */
  readonly store: boolean;
  /** Its caller reads events as they come, and so knows the id of the response before the end. */
  readonly isStreamed?: true;
}
