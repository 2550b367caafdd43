import type { Decider } from './decision.ts';
import type { Embedder } from './embedding.ts';
import type { EngineEvent, GenerateRequest } from './generation.ts';
import type { Model, ModelSource } from './model.ts';

/** The number format of the cached keys or values of a context. */
export type CacheType = 'f32' | 'f16' | 'bf16' | 'q8_0' | 'q5_1' | 'q5_0' | 'q4_1' | 'q4_0' | 'iq4_nl';

/**
 * Settings of an engine that computes on this machine; an absent one is the engine's choice. An engine that does not
 * have a setting throws EngineError `INVALID_REQUEST` with its name, and opens nothing.
 */
export interface LoadSettings {
  /** How many tokens of prompts are computed in one step. */
  readonly batchSize?: number;
  readonly flashAttention?: boolean;
  /** How many layers the GPU computes. */
  readonly gpuLayers?: number;
  /** How many experts of a mixture a token uses. */
  readonly experts?: number;
  readonly keyCache?: CacheType;
  readonly valueCache?: CacheType;
  /** Adapters, as paths of files; they come from the operator's configuration and never from a request. */
  readonly loras?: readonly { readonly path: string; readonly scale?: number }[];
}

/** How a model is opened. Anything else that an engine needs is a setting of that engine. */
export interface OpenOptions {
  /** Tokens of context for each of `parallel` requests. */
  readonly contextLength: number;
  /** How many requests run at once. */
  readonly parallel: number;
  readonly settings?: LoadSettings;
  /** 0 to 1. */
  readonly onProgress?: (progress: number) => void;
}

/** What an engine can do with an open model. */
export interface EngineCapabilities {
  /** How `countPrompt` counts: as the model does, or by an estimate. A turn's own count is always the model's. */
  readonly tokenCounting: 'exact' | 'estimate';
  /** Whether prompts are cached per `cacheScope`, or for all callers: then response times reveal prompts of others. */
  readonly cacheIsolation: 'scope' | 'none';
  readonly embeddings: boolean;
  /** Whether it answers questions with probabilities; absent: no. */
  readonly decisions?: boolean;
  readonly vision: boolean;
  readonly logprobs: boolean;
}

/** A prompt as a model reads it. */
export interface ReadPrompt {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** An open model. Disposing it frees its resources; turns that still run then fail with `MODEL_UNLOADED`. */
export interface LoadedModel extends AsyncDisposable {
  readonly contextLength: number;
  readonly parallel: number;
  /** The hardware back end that it runs on, e.g. `cpu` or `cuda`. */
  readonly device: string;
  readonly capabilities: EngineCapabilities;
  /** The id of the engine's process, if it has one. */
  readonly pid?: number | undefined;
  /**
   * Runs one turn; at most `parallel` at once. When it has ended, its place on the model is free. When `signal` fires,
   * the last event is the count (`interrupted`), and nothing is thrown. Throws EngineError `MODEL_CRASHED` when the
   * engine dies, `CONTEXT_EXCEEDED` when the prompt does not fit, `UNSUPPORTED_REASONING` for an effort that the model
   * lacks, `INVALID_REQUEST` for a schema that is too large, `OVERLOADED` for a turn beyond `parallel`.
   */
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<EngineEvent>;
  /**
   * How many tokens the prompt of this turn has, without running it or waiting for a place; see `tokenCounting`. Throws
   * as `generate` does, except for the length of the prompt, and the reason of `signal` when that fires.
   */
  countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number>;
  /**
   * The prompt of this turn, as the model would read it, without running it. Throws as `countPrompt` does, and
   * `CONTEXT_EXCEEDED` for a prompt that does not fit. Absent: the engine does not know it.
   */
  readonly readPrompt?: ((request: GenerateRequest, signal: AbortSignal) => Promise<ReadPrompt>) | undefined;
  /** Present when the capabilities include `embeddings`. */
  readonly embedder?: Embedder | undefined;
  /** Present when the capabilities include `decisions`. */
  readonly decider?: Decider | undefined;
  /**
   * Calls the listener once when the model is lost without being disposed (its process died), unless the result was
   * disposed before.
   */
  onLost(listener: (reason: Error) => void): Disposable;
}

/** SEAM. Offers models and runs them. Disposing it disposes its models. */
export interface InferenceEngine extends AsyncDisposable {
  /** Where its models come from. */
  readonly sources: readonly ModelSource[];
  /**
   * Opens a model of its sources. Throws EngineError `MODEL_LOAD_FAILED` or `MODEL_UNAVAILABLE` with the cause in plain
   * words, and the reason of `signal` when that fires; everything that was opened so far is then released.
   */
  open(model: Model, options: OpenOptions, signal: AbortSignal): Promise<LoadedModel>;
}
