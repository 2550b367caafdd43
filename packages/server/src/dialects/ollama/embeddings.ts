import { z } from 'zod';
import type { EmbeddingsDialect, EmbeddingsResult, ParsedEmbeddings } from '../../contracts/embeddings.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { list } from '../../input/bounded.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { keepAliveSchema } from '../../wire/keep-alive.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { ollamaErrors } from './errors.ts';

const MOST_INPUTS = 2048;
const text = z.string().min(1, 'must not be empty');

const shared = { model: z.string().min(1).max(256), keep_alive: keepAliveSchema };

const embedSchema = z.looseObject({
  ...shared,
  input: z.union([text, list(text, MOST_INPUTS, 1)]),
  truncate: z.boolean().nullish(),
  dimensions: z.int().min(1).max(1_000_000).nullish(),
});
const embeddingsSchema = z.looseObject({ ...shared, prompt: text });

const KNOWN = keys(...Object.keys(embedSchema.shape));
const KNOWN_OLD = keys(...Object.keys(embeddingsSchema.shape));

/** `POST /api/embed`; https://docs.ollama.com/api/embed. */
export const ollamaEmbed: EmbeddingsDialect = { ...ollamaErrors, parse: parseEmbed };

/** `POST /api/embeddings`, its predecessor, for one text. */
export const ollamaEmbeddings: EmbeddingsDialect = { ...ollamaErrors, parse: parseEmbeddings };

function parseEmbed(input: unknown): ParsedEmbeddings {
  const body = validateBody(embedSchema, input);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  const inputs = typeof body.input === 'string' ? [body.input] : body.input;
  return {
    request: {
      model: body.model,
      inputs,
      tooLong: (body.truncate ?? true) ? 'cut' : 'refuse',
      ...keptAlive(body),
      ...(body.dimensions == null ? {} : { dimensions: body.dimensions }),
    },
    ignored: ignored.list(),
    paramOf: (field) => PARAMS[field],
    render: (result) => renderEmbeddings(body.model, result),
  };
}

function parseEmbeddings(input: unknown): ParsedEmbeddings {
  const body = validateBody(embeddingsSchema, input);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN_OLD);
  return {
    request: { model: body.model, inputs: [body.prompt], tooLong: 'cut', ...keptAlive(body) },
    ignored: ignored.list(),
    paramOf: (field) => (field === 'inputs' ? 'prompt' : PARAMS[field]),
    render: ({ vectors: [vector = new Float32Array()] }) => [JSON.stringify({ embedding: Array.from(vector) })],
  };
}

const PARAMS: Partial<Record<ChatField, string>> = { model: 'model', inputs: 'input', dimensions: 'dimensions' };

const keptAlive = ({ keep_alive: milliseconds }: { readonly keep_alive?: number | null | undefined }) =>
  milliseconds == null ? {} : { keepAliveMilliseconds: milliseconds };

function* renderEmbeddings(model: string, result: EmbeddingsResult): Generator<string> {
  yield '{"embeddings":[';
  for (const [index, vector] of result.vectors.entries()) {
    yield (index === 0 ? '' : ',') + JSON.stringify(Array.from(vector));
  }
  yield `],${JSON.stringify({ model, ...renderTimes(result) }).slice(1)}`;
}

/** Durations are in nanoseconds. */
const renderTimes = ({ seconds, modelLoadTimeSeconds = 0, promptTokens }: EmbeddingsResult) => ({
  total_duration: Math.round((seconds + modelLoadTimeSeconds) * 1e9),
  load_duration: Math.round(modelLoadTimeSeconds * 1e9),
  prompt_eval_count: promptTokens,
});
