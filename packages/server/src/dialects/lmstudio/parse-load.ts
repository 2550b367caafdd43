import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { ModelSettings } from '../../models/instance.ts';
import { validateBody } from '../../wire/validate-body.ts';

const name = z.string().min(1).max(256);
const cacheType = z.enum(['f32', 'f16', 'bf16', 'q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0', 'iq4_nl']);

/**
 * `POST /api/v1/models/load`; https://lmstudio.ai/docs/developer/rest. Unknown keys are refused, as in LM Studio.
 * Additions to it: `parallel`, `ttl` in seconds, `gpu_layers`, `key_cache`, `value_cache`.
 */
const loadSchema = z.strictObject({
  model: name,
  context_length: z.int().min(16).max(100_000_000).optional(),
  eval_batch_size: z.int().min(32).max(65_536).optional(),
  flash_attention: z.boolean().optional(),
  num_experts: z.int().min(1).max(1024).optional(),
  offload_kv_cache_to_gpu: z.boolean().optional(),
  echo_load_config: z.boolean().optional(),
  parallel: z.int().min(1).max(256).optional(),
  ttl: z.number().min(1).max(100_000_000).optional(),
  gpu_layers: z.int().min(0).max(10_000).optional(),
  key_cache: cacheType.optional(),
  value_cache: cacheType.optional(),
});

const unloadSchema = z.strictObject({ instance_id: name });

export interface ParsedInstance extends ModelSettings {
  readonly model: string;
}

/** LM Studio's body → the settings of an instance. Throws ServerError with the parameter's name. */
export function parseLoad(body: unknown): { readonly echo: boolean; readonly asked: ParsedInstance } {
  const load = validateBody(loadSchema, body);
  if (load.offload_kv_cache_to_gpu === false) {
    const message = 'The cache of a layer is where the layer is computed. Use gpu_layers to keep layers off the GPU.';
    throw new ServerError('INVALID_REQUEST', message, { param: 'offload_kv_cache_to_gpu' });
  }
  const settings = withoutAbsent({
    batchSize: load.eval_batch_size,
    flashAttention: load.flash_attention,
    experts: load.num_experts,
    gpuLayers: load.gpu_layers,
    keyCache: load.key_cache,
    valueCache: load.value_cache,
  });
  return {
    echo: load.echo_load_config ?? false,
    asked: {
      model: load.model,
      ...withoutAbsent({ contextLength: load.context_length, parallel: load.parallel }),
      ...(load.ttl === undefined ? {} : { idleMilliseconds: load.ttl * 1000 }),
      ...(Object.keys(settings).length === 0 ? {} : { load: settings }),
    },
  };
}

/** The id of the instance to unload. Throws ServerError. */
export const parseUnload = (body: unknown): string => validateBody(unloadSchema, body).instance_id;
