import type { ChatMessage, ReasoningEffort, Sampling, ToolChoice, ToolDefinition } from '@latchkey/engine';

/** The tools whose calls all need approval, even if the token does not require it. */
export type RequiredApproval = 'always' | readonly string[];

/** MCP tools that a request wants for the model; the token decides whether it gets them. */
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
      /** Sent to that server only; must not be logged. */
      readonly headers?: Readonly<Record<string, string>>;
    };

/** A chat request in the neutral form that every dialect produces. */
export interface ChatRequest {
  /** A model key or an alias, as in the request. */
  readonly model: string;
  /** The new messages of this request; the history comes before them. */
  readonly messages: readonly ChatMessage[];
  readonly integrations: readonly IntegrationRequest[];
  /** Tools that the client runs itself: a call of one ends the turn. */
  readonly clientTools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly maxOutputTokens?: number;
  readonly contextLength?: number;
  readonly reasoning?: ReasoningEffort;
  /** A model without this effort uses the nearest one, or its default. */
  readonly reasoningIsWish?: true;
  readonly responseSchema?: Record<string, unknown>;
  readonly previousResponseId?: string;
  /** Store the conversation, so that a later request can continue it. */
  readonly store: boolean;
  /** The caller reads events as they are sent, so it knows the id of the response before the end. */
  readonly isStreamed?: true;
}
