import type {
  DecideRequest,
  Decisions,
  EmbedRequest,
  EngineErrorCode,
  EngineEvent,
  GenerateRequest,
  LoadSettings,
  ModelDescription,
  ReadPrompt,
  RequestField,
} from '@latchkey/engine';

/** How a model is loaded. */
export interface LoadCommand {
  /** Shown in the process list. */
  readonly modelKey: string;
  readonly path: string;
  /** Tokens of context for each of `parallel` requests. */
  readonly contextLength: number;
  readonly parallel: number;
  /** CPU threads; absent: the number of cores minus one. */
  readonly threads?: number;
  readonly gpu: 'auto' | 'off';
  readonly settings?: LoadSettings;
  /** Whether it is loaded although its memory is estimated to be more than is free. */
  readonly ignoresMemory?: boolean;
}

/** What llama.cpp runs on. */
export interface Backend {
  /** `cpu`, or the API of the GPU: `cuda`, `vulkan` or `metal`. */
  readonly device: string;
  /** CPU threads that a model gets unless the configuration says otherwise. */
  readonly threads: number;
  /** The release of llama.cpp, such as `b9842`. */
  readonly release: string;
  /** The names of the GPUs that are used. */
  readonly gpus: readonly string[];
  /** Bytes of memory of all these GPUs together. */
  readonly gpuMemory?: { readonly total: number; readonly free: number };
}

/** An error sent by the child: `message` may be shown to a caller, `detail` is for the log. */
export interface TransportedError {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly detail?: string;
  readonly field?: RequestField;
}

/** A command of the server's process to an engine process. Closing the channel ends the process. */
export type EngineCommand =
  | { readonly type: 'describe'; readonly paths: readonly string[] }
  | { readonly type: 'load'; readonly options: LoadCommand }
  | { readonly type: 'generate'; readonly id: number; readonly request: GenerateRequest }
  | { readonly type: 'count'; readonly id: number; readonly request: GenerateRequest }
  /** Answered with `read.end`. */
  | { readonly type: 'read'; readonly id: number; readonly request: GenerateRequest }
  | { readonly type: 'embed'; readonly id: number; readonly request: EmbedRequest }
  /** Answered with `count.end`. */
  | { readonly type: 'count-inputs'; readonly id: number; readonly request: EmbedRequest }
  | { readonly type: 'decide'; readonly id: number; readonly request: DecideRequest }
  /** Answered with `count.end`. */
  | { readonly type: 'count-decision'; readonly id: number; readonly request: DecideRequest }
  | { readonly type: 'abort'; readonly id: number }
  /** Answered with `backend`. */
  | { readonly type: 'backend'; readonly gpu: LoadCommand['gpu'] }
  /** Answered with `alive`, as soon as the process reads commands. */
  | { readonly type: 'ask' };

/**
 * A message of an engine process. Each `generate` ends with exactly one `generation.end`, each `count` with one
 * `count.end`, each `embed` with one `embed.end`, each `decide` with one `decide.end`.
 */
export type EngineReport =
  | {
      readonly type: 'description';
      readonly index: number;
      /** A string says why the file is not a model; `unavailable` says why it could not be read now. */
      readonly description: ModelDescription | string | { readonly unavailable: string };
    }
  | { readonly type: 'backend'; readonly outcome: Backend | TransportedError }
  | { readonly type: 'load.progress'; readonly progress: number }
  | {
      readonly type: 'load.end';
      readonly device: string;
      readonly contextLength: number;
      /** Whether it makes embeddings instead of answers. */
      readonly embeds: boolean;
    }
  | { readonly type: 'load.failed'; readonly error: TransportedError }
  | { readonly type: 'generation.events'; readonly id: number; readonly events: readonly EngineEvent[] }
  | { readonly type: 'generation.end'; readonly id: number; readonly error?: TransportedError }
  /** `vector` is the base64 of 32-bit numbers. */
  | { readonly type: 'embed.vector'; readonly id: number; readonly index: number; readonly vector: string }
  | {
      readonly type: 'embed.end';
      readonly id: number;
      readonly promptTokens: number;
      readonly error?: TransportedError;
    }
  | { readonly type: 'decide.end'; readonly id: number; readonly outcome: Decisions | TransportedError }
  | { readonly type: 'alive' }
  | { readonly type: 'count.end'; readonly id: number; readonly outcome: number | TransportedError }
  | { readonly type: 'read.end'; readonly id: number; readonly outcome: ReadPrompt | TransportedError };

/** Whether an outcome is a failure. */
export const isError = (outcome: unknown): outcome is TransportedError =>
  typeof outcome === 'object' && outcome !== null && 'code' in outcome;
