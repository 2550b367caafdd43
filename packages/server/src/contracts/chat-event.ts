import type { FinishReason } from '@latchkey/engine';
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

/** A piece of what the model produced, in order. */
export type OutputItem =
  | { readonly type: 'message'; readonly content: string }
  | { readonly type: 'reasoning'; readonly content: string }
  | {
      readonly type: 'tool_call';
      readonly tool: string;
      readonly arguments: Record<string, unknown>;
      readonly output: string;
      readonly origin: ToolOrigin;
    }
  | { readonly type: 'invalid_tool_call'; readonly reason: string; readonly invalid: InvalidCall }
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

/**
 * What happens during a chat, in the order of LM Studio's event stream: `chat.start` first, `chat.end` last, a round
 * being prompt processing, then blocks of reasoning, message or tool call. `client_tool_call.*` are calls of tools
 * that the caller runs itself. After an `error` only `chat.end` follows.
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
  | { readonly type: 'prompt_processing.start' }
  | { readonly type: 'prompt_processing.progress'; readonly progress: number }
  | { readonly type: 'prompt_processing.end' }
  | { readonly type: 'reasoning.start' }
  | { readonly type: 'reasoning.delta'; readonly content: string }
  | { readonly type: 'reasoning.end' }
  | { readonly type: 'message.start' }
  | { readonly type: 'message.delta'; readonly content: string }
  | { readonly type: 'message.end' }
  | { readonly type: 'tool_call.start'; readonly tool: string; readonly origin?: ToolOrigin }
  | {
      readonly type: 'tool_call.arguments';
      readonly tool: string;
      readonly arguments: Record<string, unknown>;
      readonly origin: ToolOrigin;
    }
  | {
      /** The call waits for a person; an outcome follows. */
      readonly type: 'tool_call.approval_required';
      readonly approvalId: string;
      /** From which a later request takes the call up; absent: it ends with this request. */
      readonly responseId?: string;
      readonly tool: string;
      readonly arguments: Record<string, unknown>;
      readonly origin: ToolOrigin;
    }
  | {
      readonly type: 'tool_call.success';
      readonly tool: string;
      readonly arguments: Record<string, unknown>;
      readonly output: string;
      readonly origin: ToolOrigin;
    }
  | { readonly type: 'tool_call.failure'; readonly reason: string; readonly invalid: InvalidCall }
  | { readonly type: 'client_tool_call.start'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'client_tool_call.delta'; readonly index: number; readonly content: string }
  | { readonly type: 'error'; readonly error: ServerError }
  | { readonly type: 'chat.end'; readonly result: ChatResult };
