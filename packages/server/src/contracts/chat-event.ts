import type { EngineEvent, FinishReason, InputPart } from '@latchkey/engine';
import type { ServerError } from './server-error.ts';

/** Where a tool comes from. */
export type ToolOrigin =
  | { readonly type: 'plugin'; readonly pluginId: string }
  | { readonly type: 'ephemeral_mcp'; readonly serverLabel: string };

/** Why a call never ran: no such tool for this caller, or arguments that the schema or the grant refuses. */
export interface InvalidCall {
  readonly type: 'invalid_name' | 'invalid_arguments';
  readonly toolName: string;
  readonly arguments?: Record<string, unknown>;
  readonly origin?: ToolOrigin;
}

/** What a call of a server's tool was made with, and what came of it. */
export interface ToolResult {
  readonly arguments: Record<string, unknown>;
  /** The JSON text of MCP's content array. */
  readonly output: string;
  /** What the model reads. */
  readonly content: readonly InputPart[];
  /** The tool itself reports a failure. */
  readonly isError: boolean;
  readonly origin: ToolOrigin;
}

/** A piece of what the model produced, in order. */
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
  | {
      readonly type: 'client_tool_call';
      readonly id: string;
      readonly name: string;
      readonly arguments: Record<string, unknown>;
    };

/** Figures of one chat, all its rounds together. */
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

/** What a chat came to. */
export interface ChatResult {
  readonly model: string;
  readonly output: readonly OutputItem[];
  readonly stats: ChatStats;
  readonly finishReason: FinishReason;
  /** Which of the request's stop strings ended it, when one did. */
  readonly stopString?: string;
  /** Present when the conversation was kept, be it as far as it got. */
  readonly responseId?: string;
}

/** A server's tool call from the moment that the model names it. */
export interface ToolCallIdentity {
  /** The one under which the conversation has it. */
  readonly id: string;
  readonly tool: string;
}

/** The events of an engine that reach the wire as they are. */
type Spoken = Extract<EngineEvent, { readonly type: 'prompt.progress' | 'reasoning.delta' | 'message.delta' }>;

/**
 * What happens during a chat: `chat.start` first, `chat.end` last; in between rounds, each a prompt (`prompt.*`) and
 * then blocks of reasoning, message or tool call, each from its start to its end. `tool_call.*` are calls that the
 * server makes; they end with `success` or `failure`. `client_tool_call.*` are calls of tools that the caller runs
 * itself. After an `error` only `chat.end` follows.
 */
export type ChatEvent =
  | {
      readonly type: 'chat.start';
      readonly model: string;
      /** From which a later request can go on, whatever becomes of this one. */
      readonly responseId?: string;
    }
  | { readonly type: 'model_load.start'; readonly model: string }
  | { readonly type: 'model_load.progress'; readonly model: string; readonly progress: number }
  | { readonly type: 'model_load.end'; readonly model: string; readonly loadTimeSeconds: number }
  /** The engine has taken the prompt; its tokens are counted before the first one of the answer. */
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
      /** From which a later request takes the call up; absent: it ends with this request. */
      readonly responseId?: string;
      readonly arguments: Record<string, unknown>;
      readonly origin: ToolOrigin;
    } & ToolCallIdentity)
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
