import type { ChatMessage, RawPrompt, ReasoningEffort, Sampling, ToolChoice, ToolDefinition } from '@latchkey/engine';

/** The tools whose calls all need approval, even if the token does not require it. */
export type RequiredApproval = 'always' | readonly string[];

/**
 * The tools whose calls the caller itself confirms, in a request that continues the response. It is asked beside what
 * its grant asks of a person, and in place of nothing.
 */
export type Confirmation = 'all' | { readonly only: readonly string[] } | { readonly except: readonly string[] };

/** MCP tools that a request wants for the model; the token decides whether it gets them. */
export type IntegrationRequest =
  | {
      readonly type: 'plugin';
      readonly id: string;
      readonly allowedTools?: readonly string[];
      readonly requireApproval?: RequiredApproval;
      readonly confirm?: Confirmation;
    }
  | {
      readonly type: 'ephemeral_mcp';
      readonly serverLabel: string;
      readonly serverUrl: string;
      readonly allowedTools?: readonly string[];
      readonly requireApproval?: RequiredApproval;
      readonly confirm?: Confirmation;
      /** Sent to that server only; must not be logged. */
      readonly headers?: Readonly<Record<string, string>>;
    };

/** A chat request in the neutral form that every dialect produces. */
export interface ChatRequest {
  /** A model key or an alias, as in the request. */
  readonly model: string;
  /** The new messages of this request; the history comes before them. */
  readonly messages: readonly ChatMessage[];
  /** A system prompt of this request alone: it comes first, and is not stored. */
  readonly instructions?: string;
  /** The system messages of earlier turns stay where they are; otherwise the newest one replaces them. */
  readonly keepsSystemMessages?: true;
  /** Continued as it is, in place of messages. */
  readonly prompt?: RawPrompt;
  readonly integrations: readonly IntegrationRequest[];
  /** The caller's answers to calls that it was asked to confirm, by call; a call without one is not made. */
  readonly confirmations?: ReadonlyMap<string, boolean>;
  /** The answer begins with the tools that the request has got. */
  readonly listsTools?: true;
  /** Whether the model finds the tools of `integrations` by a search; absent: as the server and the token say. */
  readonly toolSearch?: boolean;
  /** Tools that the client runs itself: a call of one ends the turn. */
  readonly clientTools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  /** A model calls at most one tool before it is answered; absent: it may call several at once. */
  readonly oneCall?: true;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  readonly maxOutputTokens?: number;
  /** How many answers were asked for together: the limits of one request are for all of them. Absent: one. */
  readonly answers?: number;
  /** The most calls that the server makes for this request. */
  readonly maxToolCalls?: number;
  readonly contextLength?: number;
  /** The context is as long as the model, its present load and the token allow, and at most that. */
  readonly contextLengthIsWish?: true;
  /** How long the model stays loaded when nothing uses it, for a token that may load it. */
  readonly keepAliveMilliseconds?: number;
  readonly reasoning?: ReasoningEffort;
  /** A model without this effort uses the nearest one, or its default. */
  readonly reasoningIsWish?: true;
  readonly responseSchema?: Record<string, unknown>;
  /** A schema that cannot be kept is refused. */
  readonly responseSchemaIsStrict?: true;
  readonly previousResponseId?: string;
  /** Store the conversation, so that a later request can continue it. */
  readonly store: boolean;
  /** The caller reads events as they are sent, so it knows the id of the response before the end. */
  readonly isStreamed?: true;
}
