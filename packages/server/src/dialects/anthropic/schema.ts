import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';
import { integrationSchema } from '../../wire/integrations.ts';

const name = z.string().max(256);

/** A block of any type; the reader of messages decides which types are accepted where. */
const blockSchema = z.looseObject({ type: z.string().max(64) });
export type Block = z.output<typeof blockSchema>;

const contentSchema = z.union([z.string(), list(blockSchema, 4096)]);

const ROLES = ['user', 'assistant', 'system'] as const;
const messageSchema = z.looseObject({
  role: z.enum(ROLES, `expected one of ${ROLES.join(', ')}`),
  content: contentSchema,
});

const toggleSchema = z.looseObject({ enabled: z.boolean().nullish() });
const toolSchema = z.looseObject({
  type: z.string().max(64).nullish(),
  name: z
    .string()
    .regex(/^[^\p{C}]{1,128}$/u, 'expected 1 to 128 characters, none of them a control character')
    .nullish(),
  description: z.string().nullish(),
  input_schema: dictionary(z.unknown(), 10_000).nullish(),
  mcp_server_name: name.nullish(),
  default_config: toggleSchema.nullish(),
  configs: dictionary(toggleSchema, 256).nullish(),
});

const CHOICES = ['auto', 'any', 'tool', 'none'] as const;
const choiceSchema = z.looseObject({
  type: z.enum(CHOICES, `expected one of ${CHOICES.join(', ')}`),
  name: name.nullish(),
  disable_parallel_tool_use: z.boolean().nullish(),
});

const mcpServerSchema = z.looseObject({
  type: z.literal('url').nullish(),
  url: z.string().min(1).max(2048),
  name: z.string().min(1).max(64),
  authorization_token: z.string().max(8192).nullish(),
  tool_configuration: z
    .looseObject({
      enabled: z.boolean().nullish(),
      allowed_tools: list(z.string().min(1).max(256), 1024).nullish(),
    })
    .nullish(),
});

const THINKING = ['enabled', 'disabled', 'adaptive'] as const;
const formatSchema = z
  .looseObject({ type: z.literal('json_schema'), schema: dictionary(z.unknown(), 10_000) })
  .nullish();

const countFields = {
  model: z.string().min(1).max(256),
  messages: list(messageSchema, 10_000, 1),
  system: contentSchema.nullish(),
  tools: list(toolSchema, 1024).nullish(),
  tool_choice: choiceSchema.nullish(),
  thinking: z
    .looseObject({
      type: z.enum(THINKING, `expected one of ${THINKING.join(', ')}`),
      budget_tokens: z.int().min(0).nullish(),
    })
    .nullish(),
  output_config: z.looseObject({ effort: z.string().max(32).nullish(), format: formatSchema }).nullish(),
  output_format: formatSchema,
  mcp_servers: list(mcpServerSchema, 32).nullish(),
  integrations: list(integrationSchema, 32).nullish(),
  tool_search: z.boolean().nullish(),
  cache_control: z.unknown().optional(),
};

/** `POST /v1/messages/count_tokens`; https://platform.claude.com/docs/en/api/messages-count-tokens. */
export const countSchema = z.looseObject(countFields);

/**
 * `POST /v1/messages`; https://platform.claude.com/docs/en/api/messages. Unknown keys are allowed, since agents send
 * keys of betas; those without effect are listed in a header of the answer. `integrations` is our extension: the MCP
 * servers of this server, as in `/api/v1/chat`.
 */
export const messagesSchema = z.looseObject({
  ...countFields,
  /** 0 reads the prompt into the cache and generates no answer. */
  max_tokens: z.int().min(0),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).max(1_000_000).nullish(),
  stop_sequences: list(z.string(), 64).nullish(),
});

export type CountBody = z.output<typeof countSchema>;
export type MessagesBody = z.output<typeof messagesSchema>;
