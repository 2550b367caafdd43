import type { EngineEvent, FinishReason, InputPart, ToolDefinition } from '@latchkey/engine';
import type { ServerError } from './server-error.ts';

/** The origin of a tool. */
export type ToolOrigin =
  | { readonly type: 'plugin'; readonly pluginId: string }
  | { readonly type: 'ephemeral_mcp'; readonly serverLabel: string };

/** Why a call was not made: no such tool for this caller, or arguments that the schema or a grant refuses. */
export interface InvalidCall {
  readonly type: 'invalid_name' | 'invalid_arguments';
  readonly toolName: string;
  readonly arguments?: Record<string, unknown>;
  readonly origin?: ToolOrigin;
}

/** The tools of one server that a request has got, by their own names. */
export interface ListedTools {
  readonly origin: ToolOrigin;
  readonly tools: readonly ToolDefinition[];
}

/** The arguments of a call to a server's tool, and its result. */
export interface ToolResult {
  readonly arguments: Record<string, unknown>;
  /** The JSON text of MCP's content array. */
  readonly output: string;
  /** What the model reads. */
  readonly content: readonly InputPart[];
  /** The tool itself reported a failure. */
  readonly isError: boolean;
  readonly origin: ToolOrigin;
}

/** A call that was not made: the caller confirms it in a request that continues the response. */
export interface ConfirmationRequest extends ToolCallIdentity {
  readonly type: 'confirmation_request';
  readonly arguments: Record<string, unknown>;
  readonly origin: ToolOrigin;
}

/** An item of the model's output, in order. */
export type OutputItem =
  | { readonly type: 'message'; readonly content: string }
  | { readonly type: 'reasoning'; readonly content: string }
  | ({ readonly type: 'tool_call' } & ToolCallIdentity & ToolResult)
  | {
      readonly type: 'invalid_tool_call';
      readonly id: string;
      readonly reason: string;
      readonly invalid: InvalidCall;
    }
  | ConfirmationRequest
  | {
      readonly type: 'client_tool_call';
      readonly id: string;
      readonly name: string;
      readonly arguments: Record<string, unknown>;
    };

/** The figures of one chat, over all its rounds. */
export interface ChatStats {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningOutputTokens: number;
  readonly tokensPerSecond: number;
  /** From the moment the model was ready to the first token of the first round. */
  readonly timeToFirstTokenSeconds: number;
  /** Present when this request loaded the model. */
  readonly modelLoadTimeSeconds?: number;
}

/** The result of a chat. */
export interface ChatResult {
  readonly model: string;
  readonly output: readonly OutputItem[];
  readonly stats: ChatStats;
  readonly finishReason: FinishReason;
  /** The stop string that ended it, if any. */
  readonly stopString?: string;
  /** Present when the conversation was stored, even if it is incomplete. */
  readonly responseId?: string;
  /** Present when the request asked for it. */
  readonly tools?: readonly ListedTools[];
}

/** Identifies a tool call of the server from the moment that the model names it. */
export interface ToolCallIdentity {
  /** The id of the call in the conversation. */
  readonly id: string;
  readonly tool: string;
}

/** The events of an engine that are passed on unchanged. */
type Spoken = Extract<EngineEvent, { readonly type: 'prompt.progress' | 'reasoning.delta' | 'message.delta' }>;

/**
 * The events of a chat: `chat.start` first, `chat.end` last. Between them are rounds, each a prompt (`prompt.*`)
 * followed by blocks of reasoning, message or tool call, each from its start to its end. `tool_call.*` are calls that
 * the server makes; they end with `success` or `failure`. `client_tool_call.*` are calls for the client to make. After
 * an `error`, only `chat.end` follows.
 */
export type ChatEvent =
  | {
      readonly type: 'chat.start';
      readonly model: string;
      /** A later request can continue from this response, whatever its outcome. */
      readonly responseId?: string;
    }
  | { readonly type: 'tools.listed'; readonly tools: readonly ListedTools[] }
  | { readonly type: 'model_load.start'; readonly model: string }
  | { readonly type: 'model_load.progress'; readonly model: string; readonly progress: number }
  | { readonly type: 'model_load.end'; readonly model: string; readonly loadTimeSeconds: number }
  /** The engine has taken the prompt; its tokens are counted before the first token of the answer. */
  | { readonly type: 'prompt.start'; readonly promptTokens: number; readonly cachedTokens: number }
  | { readonly type: 'prompt.end' }
  | Spoken
  | { readonly type: 'reasoning.start' }
  | { readonly type: 'reasoning.end'; readonly text: string }
  | { readonly type: 'message.start' }
  | { readonly type: 'message.end' }
  | ({ readonly type: 'tool_call.start'; readonly origin?: ToolOrigin } & ToolCallIdentity)
  | ({
      readonly type: 'tool_call.arguments';
      readonly arguments: Record<string, unknown>;
      readonly origin: ToolOrigin;
    } & ToolCallIdentity)
  | ({
      /** The call waits for a person; an outcome follows. */
      readonly type: 'tool_call.approval_required';
      readonly approvalId: string;
      /** A later request resumes the call from this response; absent: the call ends with this request. */
      readonly responseId?: string;
      readonly arguments: Record<string, unknown>;
      readonly origin: ToolOrigin;
    } & ToolCallIdentity)
  | { readonly type: 'tool_call.confirmation_required'; readonly request: ConfirmationRequest }
  | ({ readonly type: 'tool_call.success' } & ToolCallIdentity & ToolResult)
  | {
      readonly type: 'tool_call.failure';
      readonly id: string;
      readonly reason: string;
      readonly invalid: InvalidCall;
    }
  | { readonly type: 'client_tool_call.start'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'client_tool_call.delta'; readonly index: number; readonly text: string }
  | {
      readonly type: 'client_tool_call.end';
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly arguments: Record<string, unknown>;
    }
  | { readonly type: 'error'; readonly error: ServerError }
  | { readonly type: 'chat.end'; readonly result: ChatResult };
