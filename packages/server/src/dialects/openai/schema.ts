import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';
import { integrationSchema } from '../../wire/integrations.ts';
import { stopSchema } from '../../wire/stop-field.ts';
import { toolName } from '../../wire/tool-name-field.ts';

/** Parts of any type; the reader of messages decides which are accepted. */
const partSchema = z.union([z.string(), z.looseObject({ type: z.string().max(64) })]);
const contentSchema = z.union([z.string(), list(partSchema, 1024)]).nullish();
const name = z.string().max(256);
const calledSchema = z.looseObject({ name, arguments: z.unknown().optional() });

const toolCallSchema = z.looseObject({
  id: z.string().max(256).nullish(),
  type: z.string().max(64).nullish(),
  function: calledSchema.nullish(),
  custom: z.looseObject({ name, input: z.string().nullish() }).nullish(),
});

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool', 'function'] as const;

const messageSchema = z.looseObject({
  role: z.enum(ROLES, `expected one of ${ROLES.join(', ')}`),
  content: contentSchema,
  name: z.string().max(256).nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.unknown().optional(),
  refusal: z.string().nullish(),
  tool_calls: list(toolCallSchema, 128).nullish(),
  function_call: calledSchema.nullish(),
  tool_call_id: z.string().max(256).nullish(),
});

const functionSchema = z.looseObject({
  name: toolName,
  description: z.string().nullish(),
  parameters: dictionary(z.unknown(), 10_000).nullish(),
});
const toolSchema = z.looseObject({
  type: z.string().max(64).nullish(),
  function: functionSchema.nullish(),
});

const schema = dictionary(z.unknown(), 10_000);
const responseFormatSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object'), schema: schema.nullish() }),
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ schema, strict: z.boolean().nullish() }),
  }),
]);

const EFFORTS = ['none', 'off', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'on'] as const;
const effortSchema = z.enum(EFFORTS, `expected one of ${EFFORTS.join(', ')}`).nullish();

/** Choices of one answer; they are generated one after the other. */
export const MOST_CHOICES = 128;

const penalty = z.number().min(-2).max(2).nullish();
export const only = <T extends z.core.util.Literal>(value: T, why: string) => z.literal(value, why).nullish();

/** The id of a token in the model's vocabulary. */
const tokenId = z.string().regex(/^\d{1,9}$/, 'expected ids of tokens, which are whole numbers');

/** Sampling settings, with the additions of llama-server and LM Studio (`top_k`, `min_p`, `repeat_penalty`). */
export const samplingFields = {
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().min(0.01).max(10).nullish(),
  repetition_penalty: z.number().min(0.01).max(10).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: z.int().nullish(),
  logit_bias: dictionary(z.number().min(-100).max(100), 1024, tokenId).nullish(),
};

/**
 * `POST /v1/chat/completions`; https://platform.openai.com/docs/api-reference/chat/create. Unknown keys are allowed, since clients send keys of
 * their own; those without effect are listed in a header of the answer. `integrations` is our extension: MCP tools that
 * the server runs, as in `/api/v1/chat`.
 */
export const chatCompletionSchema = z.looseObject({
  model: z.string().min(1).max(256),
  messages: list(messageSchema, 4096, 1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().nullish(),
  max_completion_tokens: z.int().nullish(),
  ...samplingFields,
  stop: stopSchema,
  tools: list(toolSchema, 128).nullish(),
  tool_choice: z.union([z.string().max(64), z.looseObject({ type: z.string().max(64) })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormatSchema.nullish(),
  reasoning_effort: effortSchema,
  reasoning: z.looseObject({ effort: effortSchema }).nullish(),
  integrations: list(integrationSchema, 32).nullish(),
  tool_search: z.boolean().nullish(),
  /** How many answers to make, one after the other. */
  n: z.int().min(1).max(MOST_CHOICES).nullish(),
  logprobs: only(false, 'log probabilities are not supported'),
  top_logprobs: only(0, 'log probabilities are not supported'),
});

export type ChatCompletionBody = z.output<typeof chatCompletionSchema>;
export type CompletionMessage = ChatCompletionBody['messages'][number];
