import type { LoadSettings, Sampling } from '@latchkey/engine';
import { z } from 'zod';
import { dictionary, list } from '../input/bounded.ts';
import { withoutAbsent } from './without-absent.ts';

const cacheType = z.enum(['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl']);

/** How single models are loaded; an absent setting is that of `engine`, or the engine's own choice. */
export const modelSettingsSchema = dictionary(
  z.strictObject({
    contextLength: z.int().min(16).max(100_000_000).optional(),
    parallel: z.int().min(1).max(256).optional(),
    idleMinutes: z.number().min(0.01).max(10_000).optional(),
    /** How many layers the GPU computes; default: as many as fit. */
    gpuLayers: z.int().min(0).max(10_000).optional(),
    /** How many tokens of prompts are computed in one step. */
    batchSize: z.int().min(32).max(65_536).optional(),
    flashAttention: z.boolean().optional(),
    /** How many experts of a mixture a token uses. */
    experts: z.int().min(1).max(1024).optional(),
    /** The number formats of the cached keys and values. */
    keyCache: cacheType.optional(),
    valueCache: cacheType.optional(),
    /** LoRA adapters: files of this machine. */
    loras: list(
      z.strictObject({ path: z.string().min(1).max(4096), scale: z.number().min(-100).max(100).optional() }),
      16,
    ).optional(),
  }),
  4096,
  z.string().min(1).max(256),
).default({});

/** The settings of one model by its key, or those of `*`. */
export function modelSettingsOf(models: z.output<typeof modelSettingsSchema>, key: string) {
  const { contextLength, parallel, idleMinutes, loras, ...rest } =
    (Object.hasOwn(models, key) ? models[key] : models['*']) ?? {};
  const load: LoadSettings = withoutAbsent({ ...rest, loras: loras?.map((lora) => withoutAbsent(lora)) });
  return {
    load,
    ...withoutAbsent({ contextLength, parallel }),
    ...(idleMinutes === undefined ? {} : { idleMilliseconds: idleMinutes * 60_000 }),
  };
}

/** The sampling of one model by its key, or that of `*`. */
export const samplingOf = (
  sampling: { readonly [key: string]: { readonly [Name in keyof Sampling]?: Sampling[Name] | undefined } | undefined },
  key: string,
): Sampling => withoutAbsent((Object.hasOwn(sampling, key) ? sampling[key] : sampling['*']) ?? {}) as Sampling;
