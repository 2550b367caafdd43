import type { ChatMessage } from './chat-message.ts';

/** A tool as it is described to a model. `parameters` is a JSON Schema of type `object`. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  readonly parameters: Record<string, unknown>;
}

/** Which tool the model must use: any or none, as the model decides; none; at least one; or the named one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How much the model thinks before it answers; a model supports some of these (see `ModelDescription`). */
export type ReasoningEffort = 'off' | 'low' | 'medium' | 'high' | 'on';

/** Sampling settings; an absent one has the engine's default for the model. */
export interface Sampling {
  /** 0 is greedy. */
  readonly temperature?: number;
  /** 0 to 1; 1 switches it off. */
  readonly topP?: number;
  /** 0 switches it off. */
  readonly topK?: number;
  /** 0 to 1; 0 switches it off. */
  readonly minP?: number;
  /** 1 switches it off. */
  readonly repeatPenalty?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /**
   * What is added to the logits of tokens, by their ids in the model's vocabulary; -100 rules a token out. A token that
   * ends the turn keeps its own.
   */
  readonly tokenBias?: Readonly<Record<string, number>>;
  /** Absent: a random one, so that two equal requests differ. */
  readonly seed?: number;
}

/** Whose turn it is in a model's queue, and how large its share of the model is beside the others'. */
export interface QueueShare {
  readonly key: string;
  /** More than 0; 1 is the usual share. */
  readonly weight: number;
}

/** A prompt that the model continues as it is: no chat template is applied to it. */
export interface RawPrompt {
  /** A text in which special tokens count, or the ids of the model's own tokens. */
  readonly text: string | readonly number[];
  /** The text after a gap that the model fills; only where its vocabulary has tokens for that, and not with ids. */
  readonly suffix?: string;
}

/** The request for one turn of the assistant. */
export interface GenerateRequest {
  /** Empty when there is a `prompt`. */
  readonly messages: readonly ChatMessage[];
  /** Continued in place of messages; the answer is plain text. */
  readonly prompt?: RawPrompt;
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  /** The turn ends with its first call of a tool, read or not; absent: it may have several. */
  readonly oneCall?: true;
  readonly sampling: Sampling;
  /** Generation ends before the first of these; they are not part of the answer. */
  readonly stop: readonly string[];
  /** At least 1. Absent: until the model ends or the context is full. */
  readonly maxOutputTokens?: number;
  readonly reasoning?: ReasoningEffort;
  /** A JSON Schema that the answer's text must follow. */
  readonly responseSchema?: Record<string, unknown>;
  /**
   * Every answer must follow the schema: an engine that constrains answers refuses a schema that it cannot keep, with
   * EngineError `INVALID_REQUEST`, before it generates.
   */
  readonly responseSchemaIsStrict?: true;
  /** The scope within which cached prompts are reused; they are never shared between two scopes. */
  readonly cacheScope: string;
  readonly share: QueueShare;
}

/** Counted in the model's own tokens. */
export interface TokenUsage {
  readonly promptTokens: number;
  /** How many of the prompt's tokens were found in the cache. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** Why a turn ended: the model was done, a stop string, the limit or the context's end, or it called tools. */
export type FinishReason = 'stop' | 'stop_string' | 'length' | 'tool_calls';

/**
 * What happens during one turn, in order:
 * `prompt.progress`+ then any of reasoning, message, tool call blocks, then exactly one `finish`. A turn that was
 * aborted or failed in the middle has one `interrupted` in place of `finish`: only the engine can count what was
 * computed by then, held-back text and reasoning included.
 * A tool call is `tool_call.start` (name known), `tool_call.delta`* (pieces of the arguments' JSON text), then
 * `tool_call.end`. A call that cannot be parsed is one `tool_call.invalid` in place of `tool_call.end`, or alone.
 */
export type EngineEvent =
  | {
      readonly type: 'prompt.progress';
      readonly processed: number;
      /** All tokens of the prompt: they are known before the first one of the answer. */
      readonly total: number;
      /** How many of them were found in the cache; absent where that is not known before the end. */
      readonly cached?: number;
    }
  | { readonly type: 'reasoning.delta'; readonly text: string }
  | { readonly type: 'message.delta'; readonly text: string }
  | { readonly type: 'tool_call.start'; readonly index: number; readonly name: string }
  | { readonly type: 'tool_call.delta'; readonly index: number; readonly text: string }
  | {
      readonly type: 'tool_call.end';
      readonly index: number;
      readonly name: string;
      readonly arguments: Record<string, unknown>;
    }
  | {
      readonly type: 'tool_call.invalid';
      readonly index: number;
      readonly name?: string;
      readonly raw: string;
      readonly reason: string;
    }
  | {
      readonly type: 'finish';
      readonly reason: FinishReason;
      /** The stop string that ended the turn, if one did. */
      readonly stopString?: string;
      readonly usage: TokenUsage;
      /** From the start of the prompt's processing, in seconds. */
      readonly timeToFirstTokenSeconds: number;
      /** Of the generation alone, the prompt not counted; 0 when nothing was generated. */
      readonly tokensPerSecond: number;
    }
  | { readonly type: 'interrupted'; readonly usage: TokenUsage };
