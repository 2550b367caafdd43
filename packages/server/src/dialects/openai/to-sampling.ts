import type { Sampling } from '@latchkey/engine';
import type { z } from 'zod';
import type { samplingFields } from './schema.ts';

type SamplingBody = z.output<z.ZodObject<typeof samplingFields>>;

/** OpenAI's names for sampling settings → the neutral ones. */
export function toSampling(chat: SamplingBody): Sampling {
  const repeatPenalty = chat.repeat_penalty ?? chat.repetition_penalty;
  return {
    ...(chat.temperature == null ? {} : { temperature: chat.temperature }),
    ...(chat.top_p == null ? {} : { topP: chat.top_p }),
    ...(chat.top_k == null ? {} : { topK: Math.max(0, chat.top_k) }),
    ...(chat.min_p == null ? {} : { minP: chat.min_p }),
    ...(repeatPenalty == null ? {} : { repeatPenalty }),
    ...(chat.presence_penalty == null ? {} : { presencePenalty: chat.presence_penalty }),
    ...(chat.frequency_penalty == null ? {} : { frequencyPenalty: chat.frequency_penalty }),
    ...(chat.seed == null ? {} : { seed: chat.seed }),
    ...(isEmpty(chat.logit_bias) ? {} : { tokenBias: chat.logit_bias }),
  };
}

const isEmpty = (biases: SamplingBody['logit_bias']): biases is null | undefined =>
  biases == null || Object.keys(biases).length === 0;

/** Clients of LM Studio and llama.cpp send -1 for no limit, and sliders send 0. */
export const toLimit = (tokens: number | null | undefined): number | undefined =>
  tokens == null || tokens < 1 ? undefined : tokens;
