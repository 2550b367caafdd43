import type { Model, ModelDescription } from '@latchkey/engine';
import type { LoadedInstance } from '../../models/model-pool.ts';
import { formatParameters } from '../../wire/parameter-count.ts';

type Json = Readonly<Record<string, unknown>>;

/** A model in memory. */
export interface SdkInstance {
  readonly model: Model;
  readonly instance: LoadedInstance;
  /** How long it stays in memory if nothing uses it. */
  readonly idleMilliseconds: number;
}

/** A model as `listDownloadedModels` has it; undefined for one that could not be examined. */
export function renderModelInfo(model: Model): Json | undefined {
  const { key, publisher, name, sizeBytes, description } = model;
  if (description instanceof Error) return undefined;
  const { type, architecture, parameterCount, quantization, bitsPerWeight, capabilities } = description;
  return {
    type,
    modelKey: key,
    format: description.format === 'safetensors' ? 'safetensors' : 'gguf',
    displayName: description.displayName ?? name,
    publisher,
    path: key,
    sizeBytes: Math.round(sizeBytes ?? 0),
    indexedModelIdentifier: key,
    deviceIdentifier: null,
    ...(parameterCount === null ? {} : { paramsString: formatParameters(parameterCount) }),
    ...(architecture === null ? {} : { architecture }),
    ...(quantization === null
      ? {}
      : { quantization: { name: quantization, bits: Math.max(1, Math.round(bitsPerWeight ?? 1)) } }),
    ...(type === 'embedding' ? {} : { vision: capabilities.vision, trainedForToolUse: capabilities.trainedForToolUse }),
    maxContextLength: description.maxContextLength,
  };
}

/** A model in memory as `listLoaded` has it; the id of the instance is its identifier and its reference. */
export const renderInstance = ({ model, instance, idleMilliseconds }: SdkInstance): Json => ({
  ...renderModelInfo(model),
  identifier: instance.id,
  instanceReference: instance.id,
  ttlMs: Number.isFinite(idleMilliseconds) ? Math.round(idleMilliseconds) : null,
  lastUsedTime: null,
  contextLength: instance.contextLength,
});

/** The settings with which a model was loaded. */
export const renderLoadConfig = ({ model, instance }: SdkInstance): Json => ({
  fields: [{ key: `${domainOf(model)}.load.contextLength`, value: instance.contextLength }],
});

/** The domain of a model, which is the namespace of its endpoints. */
export const domainOf = ({ description }: Model): ModelDescription['type'] =>
  description instanceof Error ? 'llm' : description.type;
