import { randomInt } from 'node:crypto';
import type { Sampling } from '@latchkey/engine';
import { type LlamaModel, type SequenceEvaluateOptions, type Token, TokenBias } from 'node-llama-cpp';
import { requireTokens } from './require-tokens.ts';

/** The settings that a request leaves out: llama.cpp's own defaults. */
const DEFAULTS = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 };
/** How many of the last tokens the repetition penalties apply to. */
const PUNISHED_TOKENS = 64;
const SEED_END = 2 ** 32 - 1;

/** Sampling settings, and the past tokens that penalties need. */
export interface Sampler {
  readonly options: Pick<
    SequenceEvaluateOptions,
    'temperature' | 'topK' | 'topP' | 'minP' | 'seed' | 'repeatPenalty' | 'tokenBias'
  >;
  /** To be called with every token of the answer. */
  remember(token: Token): void;
}

/** The model whose tokens are sampled. */
export interface SampledModel {
  readonly model: Pick<LlamaModel, 'tokenizer'>;
  readonly vocabularySize: number;
}

/**
 * Converts settings to the library's. Its own defaults differ and its seed is the clock, so every field is set. Throws
 * EngineError `INVALID_REQUEST` for a token that the model lacks.
 */
export function createSampler(sampling: Sampling, sampled: SampledModel): Sampler {
  const { repeatPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = sampling;
  const punishes = repeatPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
  const recent: Token[] = [];
  return {
    options: {
      temperature: sampling.temperature ?? DEFAULTS.temperature,
      topK: sampling.topK ?? DEFAULTS.topK,
      topP: sampling.topP ?? DEFAULTS.topP,
      minP: sampling.minP ?? DEFAULTS.minP,
      seed: sampling.seed === undefined ? randomInt(SEED_END) : sampling.seed >>> 0,
      ...(sampling.tokenBias === undefined ? {} : { tokenBias: toTokenBias(sampling.tokenBias, sampled) }),
      ...(punishes
        ? {
            repeatPenalty: {
              punishTokens: () => recent,
              maxPunishTokens: PUNISHED_TOKENS,
              penalty: repeatPenalty,
              presencePenalty,
              frequencyPenalty,
            },
          }
        : {}),
    },
    remember(token) {
      if (!punishes) return;
      recent.push(token);
      if (recent.length > PUNISHED_TOKENS) recent.shift();
    },
  };
}

function toTokenBias(biases: NonNullable<Sampling['tokenBias']>, { model, vocabularySize }: SampledModel): TokenBias {
  const bias = TokenBias.for(model.tokenizer);
  for (const [id, logit] of Object.entries(biases)) {
    bias.set(requireTokens([Number(id)], vocabularySize, 'tokenBias'), { logit });
  }
  return bias;
}
