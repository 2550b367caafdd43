import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';
import { imageDataUrlSchema, integrationSchema } from '../lmstudio/schema.ts';

const textPart = z.looseObject({ type: z.literal('text'), text: z.string() });
const imagePart = z.looseObject({
  type: z.literal('image_url'),
  image_url: z.looseObject({ url: imageDataUrlSchema }),
});

const textContent = z.union([z.string(), list(textPart, 1024, 1)]);

const toolCallSchema = z.looseObject({
  id: z.string().min(1).max(256),
  type: z.literal('function'),
  function: z.looseObject({ name: z.string().min(1).max(128), arguments: z.string() }),
});

const messageSchema = z.discriminatedUnion('role', [
  z.looseObject({ role: z.literal('system'), content: textContent }),
  z.looseObject({ role: z.literal('developer'), content: textContent }),
  z.looseObject({
    role: z.literal('user'),
    content: z.union([z.string(), list(z.discriminatedUnion('type', [textPart, imagePart]), 1024, 1)]),
  }),
  z.looseObject({
    role: z.literal('assistant'),
    content: textContent.nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: list(toolCallSchema, 128).nullish(),
  }),
  z.looseObject({ role: z.literal('tool'), content: textContent, tool_call_id: z.string().min(1).max(256) }),
]);

const toolSchema = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, 'expected 1 to 128 of A-Z a-z 0-9 _ . -'),
    description: z.string().optional(),
    parameters: dictionary(z.unknown(), 10_000).optional(),
  }),
});

const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string().min(1).max(128) }) }),
]);

const responseFormatSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ schema: dictionary(z.unknown(), 10_000) }),
  }),
]);

const penalty = z.number().min(-2).max(2).nullish();
/** Accepted for the sake of clients that send it always, and without effect here. */
const ignored = z.unknown().optional();
const only = <T extends z.core.util.Literal>(value: T, why: string) => z.literal(value, why).nullish();

/**
 * `POST /v1/chat/completions`; https://platform.openai.com/docs/api-reference/chat/create, and what llama-server and
 * LM Studio add (`top_k`, `min_p`, `repeat_penalty`). Closed: a misspelt setting is an error, not a surprise.
 * `integrations` is ours: MCP tools run on the server, as in `/api/v1/chat`.
 */
export const chatCompletionSchema = z.strictObject({
  model: z.string().min(1).max(256),
  messages: list(messageSchema, 4096, 1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().min(0.01).max(10).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: z.int().nullish(),
  stop: z.union([z.string().min(1), list(z.string().min(1), 16)]).nullish(),
  tools: list(toolSchema, 128).nullish(),
  tool_choice: toolChoiceSchema.nullish(),
  response_format: responseFormatSchema.nullish(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high']).nullish(),
  integrations: list(integrationSchema, 32).optional(),
  n: only(1, 'only 1 is supported'),
  logprobs: only(false, 'log probabilities are not supported'),
  top_logprobs: only(0, 'log probabilities are not supported'),
  logit_bias: dictionary(z.unknown(), 10_000)
    .refine((biases) => Object.keys(biases).length === 0, 'logit biases are not supported')
    .nullish(),
  parallel_tool_calls: ignored,
  metadata: ignored,
  user: ignored,
  store: ignored,
  service_tier: ignored,
  safety_identifier: ignored,
  prompt_cache_key: ignored,
  prompt_cache_retention: ignored,
  verbosity: ignored,
  cache_prompt: ignored,
  ttl: ignored,
});

export type ChatCompletionBody = z.output<typeof chatCompletionSchema>;
