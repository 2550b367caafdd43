import type { Embedder, Embeddings, EmbedRequest } from '@latchkey/engine';
import { z } from 'zod';
import { list } from '../../input/bounded.ts';
import { askForJson, type JsonQuestion, type JsonServers } from './ask-for-json.ts';
import { estimateText } from './estimate-tokens.ts';
import { BrokenStream } from './read-events.ts';

/** Numbers of a vector; the longest known ones have 12,288. */
const MOST_DIMENSIONS = 65_536;
/** An answer is read in one piece, which thousands of vectors would make long. */
const MOST_INPUTS = 32;
const BYTES_PER_DIMENSION = 32;
const BYTES_OF_THE_REST = 65_536;
const BYTES_PER_ESTIMATED_TOKEN = 3;
const answerSchema = z.looseObject({
  data: list(
    z.looseObject({ index: z.int().min(0).optional(), embedding: list(z.number(), MOST_DIMENSIONS, 1) }),
    MOST_INPUTS,
    1,
  ),
  usage: z
    .looseObject({ prompt_tokens: z.int().min(0).max(1e9).nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
});

/** Embeddings of a model that runs on other servers. */
export class UpstreamEmbedder implements Embedder {
  readonly mostInputs = MOST_INPUTS;
  readonly #model: string;
  readonly #servers: JsonServers;

  constructor(model: string, servers: JsonServers) {
    this.#model = model;
    this.#servers = servers;
  }

  async embed({ inputs, tooLong }: EmbedRequest, signal: AbortSignal): Promise<Embeddings> {
    if (signal.aborted) return { vectors: [], promptTokens: 0 };
    const estimate = estimateOf(inputs);
    const question: JsonQuestion<Embeddings> = {
      path: '/embeddings',
      // vLLM cuts at the model's context for -1; other servers ignore it and refuse.
      body: {
        ...{ model: this.#model, input: inputs, encoding_format: 'float' },
        ...(tooLong === 'cut' ? { truncate_prompt_tokens: -1 } : {}),
      },
      mostBytes: BYTES_OF_THE_REST + inputs.length * MOST_DIMENSIONS * BYTES_PER_DIMENSION,
      read: (answer) => readEmbeddings(answer, inputs.length, estimate),
    };
    try {
      return await askForJson(this.#servers, question, signal);
    } catch (error) {
      // The server may have read the inputs by now.
      if (signal.aborted) return { vectors: [], promptTokens: estimate };
      throw error;
    }
  }

  async count({ inputs }: EmbedRequest, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    return estimateOf(inputs);
  }
}

/** Throws BrokenStream unless there is one vector for each input, all of one length. */
function readEmbeddings(answer: unknown, count: number, estimate: number): Embeddings {
  const { data: read } = answerSchema.safeParse(answer);
  const data = (read?.data ?? []).toSorted((one, other) => (one.index ?? 0) - (other.index ?? 0));
  const size = data[0]?.embedding.length;
  if (data.length !== count || data.some(({ embedding }) => embedding.length !== size)) {
    throw new BrokenStream('it answered with something other than embeddings');
  }
  const said = read?.usage?.prompt_tokens ?? 0;
  // A token has at least one byte.
  const isPlausible = said > 0 && said <= BYTES_PER_ESTIMATED_TOKEN * estimate;
  return { vectors: data.map(({ embedding }) => normalized(embedding)), promptTokens: isPlausible ? said : estimate };
}

const estimateOf = (inputs: EmbedRequest['inputs']): number =>
  inputs.reduce((sum, input) => sum + (typeof input === 'string' ? estimateText(input) : input.length) + 2, 0);

function normalized(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length)) throw new BrokenStream('it answered with a vector that is too large');
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
