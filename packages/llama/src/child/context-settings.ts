import type { CacheType, LoadSettings } from '@latchkey/engine';
import { GgmlType } from 'node-llama-cpp';

const CACHE_TYPES: Readonly<Record<CacheType, GgmlType>> = {
  f32: GgmlType.F32,
  f16: GgmlType.F16,
  bf16: GgmlType.BF16,
  q8_0: GgmlType.Q8_0,
  q5_1: GgmlType.Q5_1,
  q5_0: GgmlType.Q5_0,
  q4_1: GgmlType.Q4_1,
  q4_0: GgmlType.Q4_0,
  iq4_nl: GgmlType.IQ4_NL,
};

/** The options of a context that decide how much memory it takes; absent ones are the library's. */
export function memorySettings({ batchSize, flashAttention, keyCache, valueCache }: LoadSettings = {}) {
  return {
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(flashAttention === undefined ? {} : { flashAttention }),
    ...(keyCache === undefined ? {} : { kvCacheKeyType: CACHE_TYPES[keyCache] }),
    ...(valueCache === undefined ? {} : { kvCacheValueType: CACHE_TYPES[valueCache] }),
  };
}

/** The options of a context as `createContext` has them. */
export function contextSettings(settings: LoadSettings = {}) {
  const { kvCacheKeyType, kvCacheValueType, ...others } = memorySettings(settings);
  const { loras = [] } = settings;
  return {
    ...others,
    ...(kvCacheKeyType === undefined ? {} : { experimentalKvCacheKeyType: kvCacheKeyType }),
    ...(kvCacheValueType === undefined ? {} : { experimentalKvCacheValueType: kvCacheValueType }),
    ...(loras.length === 0
      ? {}
      : { lora: { adapters: loras.map(({ path, scale = 1 }) => ({ filePath: path, scale })) } }),
  };
}
