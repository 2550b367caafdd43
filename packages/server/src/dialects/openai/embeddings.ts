import type { EmbeddingInput } from '@latchkey/engine';
import { z } from 'zod';
import type { EmbeddingsDialect, EmbeddingsResult, ParsedEmbeddings } from '../../contracts/embeddings.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { list } from '../../input/bounded.ts';
import { IgnoredKeys, keys } from '../../wire/ignored-keys.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { openaiErrors } from './errors.ts';

const MOST_INPUTS = 2048;
const MOST_TOKENS = 100_000;

const text = z.string().min(1, 'must not be empty');
const tokens = list(z.int().min(0), MOST_TOKENS, 1);
const ENCODINGS = ['float', 'base64'] as const;

const schema = z.looseObject({
  model: z.string().min(1).max(256),
  input: z.union([text, list(text, MOST_INPUTS, 1), tokens, list(tokens, MOST_INPUTS, 1)]),
  encoding_format: z.enum(ENCODINGS, `expected one of ${ENCODINGS.join(', ')}`).nullish(),
  dimensions: z.int().min(1).max(1_000_000).nullish(),
});

const KNOWN = keys('model', 'input', 'encoding_format', 'dimensions');

const PARAMS: Partial<Record<ChatField, string>> = { model: 'model', inputs: 'input', dimensions: 'dimensions' };

/** `POST /v1/embeddings`; https://platform.openai.com/docs/api-reference/embeddings/create. */
export const openaiEmbeddings: EmbeddingsDialect = { ...openaiErrors, parse };

function parse(input: unknown): ParsedEmbeddings {
  const body = validateBody(schema, input);
  const ignored = new IgnoredKeys();
  ignored.note('', body, KNOWN);
  const isBase64 = body.encoding_format === 'base64';
  return {
    request: {
      model: body.model,
      inputs: toInputs(body.input),
      tooLong: 'refuse',
      ...(body.dimensions == null ? {} : { dimensions: body.dimensions }),
    },
    ignored: ignored.list(),
    paramOf: (field) => PARAMS[field],
    render: (result) => renderEmbeddings(body.model, result, isBase64),
  };
}

function toInputs(input: z.output<typeof schema>['input']): readonly EmbeddingInput[] {
  if (typeof input === 'string') return [input];
  return input.every((part) => typeof part === 'number') ? [input] : (input as readonly EmbeddingInput[]);
}

function* renderEmbeddings(
  model: string,
  { vectors, promptTokens }: EmbeddingsResult,
  isBase64: boolean,
): Generator<string> {
  yield '{"object":"list","data":[';
  for (const [index, vector] of vectors.entries()) {
    const embedding = isBase64 ? toBase64(vector) : Array.from(vector);
    yield (index === 0 ? '' : ',') + JSON.stringify({ object: 'embedding', index, embedding });
  }
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  yield `],"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}}`;
}

/** The bytes of 32-bit numbers, the lowest byte first. */
const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');
