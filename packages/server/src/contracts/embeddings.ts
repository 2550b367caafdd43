import type { EmbeddingInput } from '@latchkey/engine';
import type { ApiDialect } from './api-dialect.ts';
import type { ChatField } from './server-error.ts';

/** A request for embeddings in the neutral form that every API is parsed into. */
export interface EmbeddingsRequest {
  /** A model key or an alias, as in the request. */
  readonly model: string;
  readonly inputs: readonly EmbeddingInput[];
  /** What to do with an input that is longer than the model's context. */
  readonly tooLong: 'refuse' | 'cut';
  /** How long the model stays loaded when nothing uses it, for a token that may load it. */
  readonly keepAliveMilliseconds?: number;
  /** Only the first numbers of each vector, made a vector of length 1 again; absent: all. */
  readonly dimensions?: number;
}

/** The embeddings of a request, and what they took. */
export interface EmbeddingsResult {
  /** The key of the model. */
  readonly model: string;
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: number;
  readonly seconds: number;
  /** Present when this request loaded the model. */
  readonly modelLoadTimeSeconds?: number;
}

/** A request of an API in neutral form. */
export interface ParsedEmbeddings {
  readonly request: EmbeddingsRequest;
  /** Keys of the body that have no effect; the answer lists them in a header. */
  readonly ignored: readonly string[];
  /** The parameter that the caller sent for a field of the request; undefined if it sent none. */
  readonly paramOf: (field: ChatField) => string | undefined;
  /** The JSON of the answer in pieces, since thousands of vectors take long to write. */
  readonly render: (result: EmbeddingsResult) => Iterable<string>;
}

/** SEAM. An API for embeddings: parses its body, and renders the vectors. */
export interface EmbeddingsDialect extends ApiDialect {
  /** Throws ServerError with the parameter at fault. */
  parse(body: unknown): ParsedEmbeddings;
}
