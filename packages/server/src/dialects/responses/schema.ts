import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';
import { integrationSchema } from '../../wire/integrations.ts';

const name = z.string().max(256);
const toolName = z
  .string()
  .regex(/^[^\p{C}]{1,128}$/u, 'expected 1 to 128 characters, none of them a control character');

/** An item of any type; the reader of the input decides which are read, and which are ignored. */
const itemSchema = z.looseObject({
  type: z.string().max(64).nullish(),
  role: z.string().max(64).nullish(),
  id: z.string().max(256).nullish(),
  call_id: z.string().max(256).nullish(),
  name: name.nullish(),
  namespace: name.nullish(),
});
export type InputItem = z.output<typeof itemSchema>;

/** A part of a message; likewise. */
export const partSchema = z.looseObject({ type: z.string().max(64) });
export type Part = z.output<typeof partSchema>;

const filterSchema = z.looseObject({ tool_names: list(z.string().min(1).max(256), 1024).nullish() });
const functionFields = {
  type: z.string().max(64),
  name: toolName.nullish(),
  description: z.string().nullish(),
  parameters: dictionary(z.unknown(), 10_000).nullish(),
  strict: z.boolean().nullish(),
  format: z
    .looseObject({ type: z.string().max(64), syntax: z.string().max(64).nullish(), definition: z.string().nullish() })
    .nullish(),
};
const mcpFields = {
  server_label: z.string().min(1).max(64).nullish(),
  server_url: z.string().min(1).max(2048).nullish(),
  connector_id: z.string().min(1).max(256).nullish(),
  authorization: z.string().max(8192).nullish(),
  headers: dictionary(z.string().max(8192), 64, z.string().max(256)).nullish(),
  allowed_tools: z.union([list(z.string().min(1).max(256), 1024), filterSchema]).nullish(),
  require_approval: z
    .union([
      z.enum(['always', 'never'], 'expected "always", "never", or lists of tools'),
      z.looseObject({ always: filterSchema.nullish(), never: filterSchema.nullish() }),
    ])
    .nullish(),
};
const toolSchema = z.looseObject({
  ...functionFields,
  ...mcpFields,
  tools: list(z.looseObject(functionFields), 1024).nullish(),
});
export type RequestTool = z.output<typeof toolSchema>;

const formatSchema = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text') }),
  z.looseObject({ type: z.literal('json_object') }),
  z.looseObject({
    type: z.literal('json_schema'),
    schema: dictionary(z.unknown(), 10_000),
    strict: z.boolean().nullish(),
  }),
]);

/** The most items of one request. */
export const MOST_ITEMS = 10_000;

/** A key that would change the meaning of the request if it were ignored. */
const unsupported = (why: string) => z.null(why).optional();

const promptFields = {
  model: z.string().min(1).max(256),
  input: z.union([z.string(), list(itemSchema, MOST_ITEMS)]).nullish(),
  instructions: z.string().nullish(),
  previous_response_id: z.string().min(1).max(128).nullish(),
  tools: list(toolSchema, 1024).nullish(),
  tool_choice: z.union([z.string().max(64), z.looseObject({ type: z.string().max(64) })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().max(32).nullish(), summary: z.string().max(32).nullish() }).nullish(),
  text: z.looseObject({ format: formatSchema.nullish(), verbosity: z.string().max(32).nullish() }).nullish(),
  truncation: z.string().max(32).nullish(),
  integrations: list(integrationSchema, 32).nullish(),
  tool_search: z.boolean().nullish(),
  conversation: unsupported('conversations are not supported: continue a response with previous_response_id'),
  prompt: unsupported('stored prompts are not supported: send instructions and input'),
};

/** `POST /v1/responses/input_tokens`; https://platform.openai.com/docs/api-reference/responses/input-tokens. */
export const countSchema = z.looseObject(promptFields);

/**
 * `POST /v1/responses`; https://platform.openai.com/docs/api-reference/responses/create. Unknown keys are allowed, since
 * agents send keys that only OpenAI's servers use; those without effect are listed in a header of the answer.
 * `integrations` is our extension: the MCP servers of this server, as in `/api/v1/chat`.
 */
export const responsesSchema = z.looseObject({
  ...promptFields,
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  background: z.boolean().nullish(),
  max_output_tokens: z.int().nullish(),
  max_tool_calls: z.int().min(0).nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  include: list(z.string().max(128), 32).nullish(),
  metadata: dictionary(z.string().max(512), 16, z.string().max(64)).nullish(),
  top_logprobs: z.literal(0, 'log probabilities are not supported').nullish(),
  prompt_cache_key: z.string().max(1024).nullish(),
  safety_identifier: z.string().max(1024).nullish(),
  service_tier: z.string().max(32).nullish(),
  user: z.string().max(1024).nullish(),
});

export type CountBody = z.output<typeof countSchema>;
export type ResponsesBody = z.output<typeof responsesSchema>;
