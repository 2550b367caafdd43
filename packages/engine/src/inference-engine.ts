import type { ChatMessage } from './chat-message.ts';

/** A tool as a model is told about it. `parameters` is a JSON Schema of type `object`. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  readonly parameters: Record<string, unknown>;
}

/** Which tool the model must use: any or none as it likes, none, at least one, or the one that is named. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How much the model thinks before it answers; a model supports some of these (see `ModelDescription`). */
export type ReasoningEffort = 'off' | 'low' | 'medium' | 'high' | 'on';

/** Sampling settings; what is absent is the engine's default for the model. */
export interface Sampling {
  /** 0 is greedy. */
  readonly temperature?: number;
  /** 0 to 1; 1 switches it off. */
  readonly topP?: number;
  /** 0 switches it off. */
  readonly topK?: number;
  /** 0 to 1; 0 switches it off. */
  readonly minP?: number;
  /** 1 is none. */
  readonly repeatPenalty?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** Absent: a random one, so that two equal requests differ. */
  readonly seed?: number;
}

/** Whose turn it is in a model's queue, and how large its share of the model is beside the others'. */
export interface QueueShare {
  readonly key: string;
  /** More than 0; 1 is the usual share. */
  readonly weight: number;
}

/** What a model is asked to do: one turn of the assistant. */
export interface GenerateRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  readonly sampling: Sampling;
  /** Generation ends before the first of these; they are not part of the answer. */
  readonly stop: readonly string[];
  /** Absent: until the model ends or the context is full. */
  readonly maxOutputTokens?: number;
  /** At most this many tokens of context, prompt and answer together. Absent: all that the model was loaded with. */
  readonly contextLength?: number;
  readonly reasoning?: ReasoningEffort;
  /** A JSON Schema that the answer's text must follow. */
  readonly responseSchema?: Record<string, unknown>;
  /** Whose cached prompt may be reused: never shared between two scopes. */
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
 * A tool call is `toolCall.start` (name known), `toolCall.delta`* (pieces of the arguments' JSON text), then
 * `toolCall.end`. A call that can't be understood is one `toolCall.invalid` in place of `toolCall.end`, or alone.
 */
export type EngineEvent =
  | { readonly type: 'prompt.progress'; readonly processed: number; readonly total: number }
  | { readonly type: 'reasoning.delta'; readonly text: string }
  | { readonly type: 'message.delta'; readonly text: string }
  | { readonly type: 'toolCall.start'; readonly index: number; readonly name: string }
  | { readonly type: 'toolCall.delta'; readonly index: number; readonly text: string }
  | {
      readonly type: 'toolCall.end';
      readonly index: number;
      readonly name: string;
      readonly arguments: Record<string, unknown>;
    }
  | {
      readonly type: 'toolCall.invalid';
      readonly index: number;
      readonly name?: string;
      readonly raw: string;
      readonly reason: string;
    }
  | {
      readonly type: 'finish';
      readonly reason: FinishReason;
      readonly usage: TokenUsage;
      /** From the start of the prompt's processing, in seconds. */
      readonly timeToFirstTokenSeconds: number;
      /** Of the generation alone, the prompt not counted; 0 when nothing was generated. */
      readonly tokensPerSecond: number;
    }
  | { readonly type: 'interrupted'; readonly usage: TokenUsage };

/** What is known of a model file without loading it. */
export interface ModelDescription {
  readonly architecture: string | null;
  /** E.g. `Q8_0`. */
  readonly quantization: string | null;
  readonly bitsPerWeight: number | null;
  /** The number of parameters, or null when the file doesn't say. */
  readonly parameterCount: number | null;
  readonly displayName: string | null;
  readonly maxContextLength: number;
  readonly type: 'llm' | 'embedding';
  readonly capabilities: {
    readonly vision: boolean;
    /** The chat template in the file shows tools to the model. */
    readonly trainedForToolUse: boolean;
    readonly reasoning?: { readonly allowedOptions: readonly ReasoningEffort[]; readonly default: ReasoningEffort };
  };
}

/** How a model is loaded. */
export interface LoadOptions {
  /** Names the process, for people who look at `ps`. */
  readonly modelKey: string;
  readonly path: string;
  /** Tokens of context for each of `parallel` requests. */
  readonly contextLength: number;
  /** How many requests run at once. */
  readonly parallel: number;
  /** CPU threads; absent: one less than there are cores. */
  readonly threads?: number;
  readonly gpu: 'auto' | 'off';
  /** 0 to 1. */
  readonly onProgress?: (progress: number) => void;
}

/** A model in memory. Dispose it to free every byte; what still runs then fails with `MODEL_UNLOADED`. */
export interface LoadedModel extends AsyncDisposable {
  readonly contextLength: number;
  readonly parallel: number;
  /** What it runs on, e.g. `cpu` or `cuda`. */
  readonly device: string;
  /** The engine's process, where it has one. */
  readonly pid?: number | undefined;
  /**
   * Runs one turn; at most `parallel` at once. When it is over, its place on the model is free. When `signal` fires,
   * nothing but the count follows (`interrupted`), and no error. Throws EngineError `MODEL_CRASHED` when the engine
   * dies, `CONTEXT_EXCEEDED` when the prompt does not fit, `UNSUPPORTED_REASONING` for an effort that the model lacks,
   * `INVALID_REQUEST` for a schema that is too large, `OVERLOADED` for a turn beyond `parallel`.
   */
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<EngineEvent>;
  /**
   * Says how many tokens the prompt of this turn has, without running it or waiting for a place. Throws as `generate`
   * does, but for the length of the prompt, and the reason of `signal` when that fires.
   */
  countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number>;
  /** Called once when the model is lost without having been disposed (its process died). */
  onLost(listener: (reason: Error) => void): void;
}

/** SEAM. Runs models. */
export interface InferenceEngine extends AsyncDisposable {
  /** Reads what a file says of itself, in the order given; a file that is no model gives an Error. */
  describe(paths: readonly string[]): Promise<readonly (ModelDescription | Error)[]>;
  /** Throws EngineError `MODEL_LOAD_FAILED` with the cause in plain words. Aborting frees what was loaded so far. */
  load(options: LoadOptions, signal: AbortSignal): Promise<LoadedModel>;
}
