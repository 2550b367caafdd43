import type { Model } from '@latchkey/engine';
import type { LoadedInstance } from '../../models/instance.ts';

type Json = Readonly<Record<string, unknown>>;

/** The settings with which an instance was loaded. */
export function renderLoadConfig({ contextLength, parallel, settings }: LoadedInstance): Json {
  const { batchSize, flashAttention, experts, gpuLayers, keyCache, valueCache } = settings;
  return {
    context_length: contextLength,
    parallel,
    ...(batchSize === undefined ? {} : { eval_batch_size: batchSize }),
    ...(flashAttention === undefined ? {} : { flash_attention: flashAttention }),
    ...(experts === undefined ? {} : { num_experts: experts }),
    ...(gpuLayers === undefined ? {} : { gpu_layers: gpuLayers }),
    ...(keyCache === undefined ? {} : { key_cache: keyCache }),
    ...(valueCache === undefined ? {} : { value_cache: valueCache }),
  };
}

/** The answer to `POST /api/v1/models/load`. */
export const renderLoaded = (model: Model, instance: LoadedInstance, loadTimeSeconds: number, echo: boolean): Json => ({
  type: model.description instanceof Error ? 'llm' : model.description.type,
  instance_id: instance.id,
  load_time_seconds: loadTimeSeconds,
  status: 'loaded',
  ...(echo ? { load_config: renderLoadConfig(instance) } : {}),
});
