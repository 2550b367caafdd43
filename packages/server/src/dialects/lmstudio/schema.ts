import { z } from 'zod';
import { dictionary, list } from '../../input/bounded.ts';

/** A base64 data URL of an image; the groups are media type and data. */
const DATA_URL = /^data:(image\/[a-z0-9.+-]{1,40});base64,([A-Za-z0-9+/]+={0,2})$/;

export const imageDataUrlSchema = z.string().transform((url, context) => {
  const [, mediaType, data] = DATA_URL.exec(url) ?? [];
  if (mediaType === undefined || data === undefined) {
    context.addIssue({ code: 'custom', message: 'expected a base64 data URL of an image (data:image/png;base64,…)' });
    return z.NEVER;
  }
  return { mediaType, data };
});

const allowedToolsSchema = list(z.string().min(1).max(128), 256);

/** Ours: a request has a person asked where its token needs none. There is no word for the contrary. */
const requireApprovalSchema = z.union([
  z.literal('always', 'a request can only have a person asked more often: by "always" or {"tools": ["…"]}'),
  z.strictObject({ tools: list(z.string().min(1).max(128), 256, 1) }),
]);

/** The three notations of an integration; https://lmstudio.ai/docs/developer/rest/chat. */
export const integrationSchema = z.union([
  z.string().min(1).max(256),
  z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('plugin'),
      id: z.string().min(1).max(256),
      allowed_tools: allowedToolsSchema.optional(),
      require_approval: requireApprovalSchema.optional(),
    }),
    z.strictObject({
      type: z.literal('ephemeral_mcp'),
      server_label: z.string().min(1).max(64),
      server_url: z.string().min(1).max(2048),
      allowed_tools: allowedToolsSchema.optional(),
      require_approval: requireApprovalSchema.optional(),
      headers: dictionary(z.string().max(8192), 64, z.string().max(256)).optional(),
    }),
  ]),
]);

const textBlock = { content: z.string() };
// The docs' table says `message`, their example and live clients say `text`.
const inputBlockSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), ...textBlock }),
  z.strictObject({ type: z.literal('message'), ...textBlock }),
  z.strictObject({ type: z.literal('image'), data_url: imageDataUrlSchema }),
]);

const unit = z.number().min(0).max(1);

/**
 * `POST /api/v1/chat`; closed, as LM Studio's is. Other than there, `input` may be left out where the previous response
 * waits for something else than the caller's words.
 */
export const chatSchema = z
  .strictObject({
    model: z.string().min(1).max(256),
    input: z.union([z.string(), list(inputBlockSchema, 256, 1)]).optional(),
    system_prompt: z.string().optional(),
    integrations: list(integrationSchema, 32).optional(),
    stream: z.boolean().optional(),
    temperature: unit.optional(),
    top_p: unit.optional(),
    top_k: z.int().min(0).max(1_000_000).optional(),
    min_p: unit.optional(),
    repeat_penalty: z.number().min(0.01).max(10).optional(),
    presence_penalty: z.number().min(-2).max(2).optional(),
    max_output_tokens: z.int().min(1).optional(),
    reasoning: z.enum(['off', 'low', 'medium', 'high', 'on']).optional(),
    context_length: z.int().min(1).optional(),
    store: z.boolean().optional(),
    previous_response_id: z
      .string()
      .regex(/^resp_[0-9A-Za-z]{1,64}$/, 'expected an id that starts with resp_')
      .optional(),
  })
  .superRefine((chat, context) => {
    if (chat.input !== undefined || chat.previous_response_id !== undefined) return;
    context.addIssue({ code: 'custom', path: ['input'], message: 'required' });
  });

export type ChatBody = z.output<typeof chatSchema>;
