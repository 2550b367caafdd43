import type { Model } from '@latchkey/engine';
import type { LoadedInstance } from '../../models/model-pool.ts';
import { formatParameters } from '../../wire/parameter-count.ts';
import { renderLoadConfig } from './render-load.ts';

/**
 * `GET /api/v1/models`. Two extensions are added to LM Studio's list: aliases of models, and files that are not
 * readable models or whose chat template cannot be rendered, with the reason.
 */
export function renderModels(
  models: readonly Model[],
  loaded: readonly LoadedInstance[],
  aliases: Readonly<Record<string, string>> = {},
): Record<string, unknown> & { readonly models: readonly Record<string, unknown>[] } {
  const unreadable = models.flatMap(({ key, description }) =>
    description instanceof Error ? [{ key, reason: description.message }] : [],
  );
  const faults = models.flatMap(({ key, description }) =>
    description instanceof Error || description.templateFault === undefined
      ? []
      : [{ key, reason: description.templateFault }],
  );
  return {
    models: models.flatMap((model) => renderModel(model, loaded)),
    ...(Object.keys(aliases).length === 0 ? {} : { aliases }),
    ...(unreadable.length === 0 ? {} : { unreadable }),
    ...(faults.length === 0 ? {} : { template_faults: faults }),
  };
}

function renderModel(
  { key, publisher, name, sizeBytes, description }: Model,
  loaded: readonly LoadedInstance[],
): Record<string, unknown>[] {
  if (description instanceof Error) return [];
  const { capabilities, quantization, bitsPerWeight, parameterCount } = description;
  const shared = {
    type: description.type,
    publisher,
    key,
    display_name: description.displayName ?? name,
    quantization: quantization === null ? null : { name: quantization, bits_per_weight: bitsPerWeight },
    size_bytes: sizeBytes,
    params_string: parameterCount === null ? null : formatParameters(parameterCount),
    loaded_instances: loaded
      .filter((instance) => instance.key === key)
      .map((instance) => ({
        id: instance.id,
        config: renderLoadConfig(instance),
        ...(instance.isDraining ? { draining: true } : {}),
        active_requests: instance.uses,
      })),
    max_context_length: description.maxContextLength,
    format: description.format,
  };
  if (description.type === 'embedding') return [shared];
  const { reasoning } = capabilities;
  return [
    {
      ...shared,
      architecture: description.architecture,
      capabilities: {
        vision: capabilities.vision,
        trained_for_tool_use: capabilities.trainedForToolUse,
        ...(reasoning === undefined
          ? {}
          : { reasoning: { allowed_options: reasoning.allowedOptions, default: reasoning.default } }),
      },
    },
  ];
}
