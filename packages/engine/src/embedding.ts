import type { QueueShare } from './generation.ts';

/** A text, or a text as the ids of the model's own tokens. */
export type EmbeddingInput = string | readonly number[];

/** The request for one vector for each input. */
export interface EmbedRequest {
  readonly inputs: readonly EmbeddingInput[];
  /** What to do with an input that is longer than the model's context: refuse the request, or cut its end off. */
  readonly tooLong: 'refuse' | 'cut';
  readonly share: QueueShare;
}

/** Vectors of length 1, in the order of the inputs. */
export interface Embeddings {
  /** All of them, unless the request was aborted. */
  readonly vectors: readonly Float32Array[];
  /** All tokens that the model has read, with those that it adds to each input. */
  readonly promptTokens: number;
}

/** Makes vectors of texts. */
export interface Embedder {
  /** The most inputs of one request; absent when any number will do. More are asked for in several requests. */
  readonly mostInputs?: number;
  /**
   * Makes the vectors; at most `parallel` requests run at once, together with turns. When `signal` fires, it ends soon,
   * with the vectors that are finished by then. Throws EngineError `CONTEXT_EXCEEDED` for an input that does not fit,
   * `INVALID_REQUEST` for a token that the model does not have, and otherwise as `generate` does.
   */
  embed(request: EmbedRequest, signal: AbortSignal): Promise<Embeddings>;
  /** How many tokens the inputs have, without reading them; see `tokenCounting`. Throws as `countPrompt` does. */
  count(request: EmbedRequest, signal: AbortSignal): Promise<number>;
}
