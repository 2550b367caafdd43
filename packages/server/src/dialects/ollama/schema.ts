import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';
import { integrationSchema } from '../../wire/integrations.ts';
import { keepAliveSchema } from '../../wire/keep-alive.ts';
import { stopSchema } from '../../wire/stop-field.ts';
import { toolName } from '../../wire/tool-name-field.ts';

const MOST_IMAGES = 64;
const name = z.string().max(256);
/** Ollama drops the fraction of a number that should be whole. */
const whole = (least: number, most: number) => z.number().transform(Math.trunc).pipe(z.int().min(least).max(most));
const penalty = z.number().min(-2).max(2).nullish();

/** https://docs.ollama.com/modelfile#parameter; those that only say how llama.cpp is run have no effect. */
export const optionsSchema = z.looseObject({
  num_ctx: whole(0, 1_000_000_000).nullish(),
  num_predict: whole(-2, 1_000_000_000).nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_k: whole(-1, 1_000_000).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().min(0.01).max(10).nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).nullish(),
  stop: stopSchema,
});

const EFFORTS = ['low', 'medium', 'high', 'max'] as const;
const formatSchema = z.union(
  [z.literal(''), z.literal('json'), dictionary(z.unknown(), 10_000)],
  "expected 'json' or a JSON Schema",
);
const noLogprobs = z.literal(false, 'log probabilities are not supported').nullish();

/** The fields that chats and completions share. */
const shared = {
  model: z.string().min(1).max(256),
  stream: z.boolean().nullish(),
  format: formatSchema.nullish(),
  keep_alive: keepAliveSchema,
  options: optionsSchema.nullish(),
  think: z.union([z.boolean(), z.enum(EFFORTS)], `expected true, false, or one of ${EFFORTS.join(', ')}`).nullish(),
  logprobs: noLogprobs,
  integrations: list(integrationSchema, 32).nullish(),
  tool_search: z.boolean().nullish(),
};

const images = list(z.string(), MOST_IMAGES).nullish();

const ROLES = ['system', 'user', 'assistant', 'tool'] as const;
const messageSchema = z.looseObject({
  role: z.enum(ROLES, `expected one of ${ROLES.join(', ')}`),
  content: z.string().nullish(),
  thinking: z.string().nullish(),
  images,
  tool_calls: list(
    z.looseObject({ id: name.nullish(), function: z.looseObject({ name, arguments: z.unknown().optional() }) }),
    128,
  ).nullish(),
  tool_name: name.nullish(),
  tool_call_id: name.nullish(),
  name: name.nullish(),
});

const toolSchema = z.looseObject({
  type: z.string().max(64).nullish(),
  function: z.looseObject({
    name: toolName,
    description: z.string().nullish(),
    parameters: dictionary(z.unknown(), 10_000).nullish(),
  }),
});

/**
 * `POST /api/chat`; https://docs.ollama.com/api/chat. Unknown keys are allowed, since clients send keys of their own;
 * those without effect are listed in a header of the answer. `integrations` is our extension: MCP tools that the server
 * runs, as in `/api/v1/chat`.
 */
export const chatSchema = z.looseObject({
  ...shared,
  messages: list(messageSchema, 4096).nullish(),
  tools: list(toolSchema, 128).nullish(),
});

/** `POST /api/generate`; https://docs.ollama.com/api/generate. */
export const generateSchema = z.looseObject({
  ...shared,
  prompt: z.string().nullish(),
  suffix: z.string().nullish(),
  system: z.string().nullish(),
  images,
  raw: z.boolean().nullish(),
});

export type ChatBody = z.output<typeof chatSchema>;
export type GenerateBody = z.output<typeof generateSchema>;
export type OllamaMessage = NonNullable<ChatBody['messages']>[number];
export type OllamaTool = NonNullable<ChatBody['tools']>[number];
