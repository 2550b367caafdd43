import { z } from 'zod';
import { list } from '../../input/bounded.ts';
import { stopSchema } from '../../wire/stop-field.ts';
import { only, samplingFields } from './schema.ts';

const MOST_PROMPTS = 128;
const MOST_TOKENS = 100_000;
const tokens = list(z.int().min(0), MOST_TOKENS, 1);

/**
 * `POST /v1/completions`; https://platform.openai.com/docs/api-reference/completions/create. Unknown keys are allowed;
 * those without effect are listed in a header of the answer.
 */
export const textCompletionSchema = z.looseObject({
  model: z.string().min(1).max(256),
  prompt: z.union([z.string(), list(z.string(), MOST_PROMPTS, 1), tokens, list(tokens, MOST_PROMPTS, 1)]),
  /** The text after the gap that the model fills. */
  suffix: z.string().nullish(),
  max_tokens: z.int().nullish(),
  n: z.int().min(1).max(MOST_PROMPTS).nullish(),
  best_of: z.int().min(1).max(MOST_PROMPTS).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  ...samplingFields,
  stop: stopSchema,
  echo: z.boolean().nullish(),
  logprobs: only(0, 'log probabilities are not supported'),
});

export type TextCompletionBody = z.output<typeof textCompletionSchema>;
