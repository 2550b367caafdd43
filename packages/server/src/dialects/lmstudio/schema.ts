import { z } from 'zod';
import { list } from '../../input/bounded.ts';
import { imageDataUrlSchema } from '../../wire/image-data-url.ts';
import { integrationSchema } from '../../wire/integrations.ts';

const textBlock = { content: z.string() };
// The table in the docs has `message`; their example and actual clients have `text`.
const inputBlockSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), ...textBlock }),
  z.strictObject({ type: z.literal('message'), ...textBlock }),
  z.strictObject({ type: z.literal('image'), data_url: imageDataUrlSchema }),
]);

const unit = z.number().min(0).max(1);

/**
 * `POST /api/v1/chat`. Unknown keys are refused, as in LM Studio. Unlike there, `input` may be absent if the previous
 * response waits for something other than the user's words.
 */
export const chatSchema = z
  .strictObject({
    model: z.string().min(1).max(256),
    input: z.union([z.string(), list(inputBlockSchema, 256, 1)]).optional(),
    system_prompt: z.string().optional(),
    integrations: list(integrationSchema, 32).optional(),
    tool_search: z.boolean().optional(),
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
