import { createHash } from 'node:crypto';
import type { Model, ModelDescription } from '@latchkey/engine';
import type { ListedModel } from '../../models/list-models.ts';
import type { LoadedInstance } from '../../models/model-pool.ts';
import { formatParameters } from '../../wire/parameter-count.ts';

type Json = Readonly<Record<string, unknown>>;

/** `expires_at` of a model that stays loaded. */
const NEVER = '9999-12-31T23:59:59Z';

/** `GET /api/tags`; https://docs.ollama.com/api/tags. */
export const renderTags = (models: readonly ListedModel[]): Json => ({
  models: models.map(({ name, model }) => ({
    name,
    model: name,
    modified_at: new Date(model.modifiedAt).toISOString(),
    size: model.sizeBytes ?? 0,
    digest: digestOf(model),
    details: renderDetails(model),
    capabilities: capabilitiesOf(model),
  })),
});

/** A loaded model, and how long it stays loaded if nothing uses it. */
export interface RunningModel {
  readonly model: Model;
  readonly instance: LoadedInstance;
  readonly idleLeftMilliseconds: number;
}

/** `GET /api/ps`; https://docs.ollama.com/api/ps. */
export const renderRunning = (running: readonly RunningModel[], now: Date): Json => ({
  models: running.map(({ model, instance, idleLeftMilliseconds: left }) => ({
    name: instance.id,
    model: instance.id,
    size: model.sizeBytes ?? 0,
    digest: digestOf(model),
    details: renderDetails(model),
    expires_at: Number.isFinite(left) ? new Date(now.getTime() + left).toISOString() : NEVER,
    size_vram: instance.device === 'cpu' ? 0 : (model.sizeBytes ?? 0),
    context_length: instance.contextLength,
  })),
});

/** `POST /api/show`; https://docs.ollama.com/api-reference/show-model-details. */
export function renderShown({ model, mostContext: context }: ListedModel): Json {
  const described = descriptionOf(model);
  const architecture = described?.architecture ?? 'unknown';
  const parameters = described?.parameterCount ?? undefined;
  return {
    modelfile: `FROM ${model.key}`,
    parameters: '',
    template: '',
    details: renderDetails(model),
    model_info: {
      'general.architecture': architecture,
      'general.type': 'model',
      'general.name': described?.displayName ?? model.name,
      ...(parameters === undefined ? {} : { 'general.parameter_count': parameters }),
      ...(context === undefined ? {} : { [`${architecture}.context_length`]: context }),
    },
    capabilities: capabilitiesOf(model),
    modified_at: new Date(model.modifiedAt).toISOString(),
  };
}

function renderDetails(model: Model): Json {
  const described = descriptionOf(model);
  const family = described?.architecture ?? '';
  const parameters = described?.parameterCount ?? null;
  return {
    parent_model: '',
    format: described?.format ?? '',
    family,
    families: family === '' ? [] : [family],
    parameter_size: parameters === null ? '' : formatParameters(parameters),
    quantization_level: described?.quantization ?? '',
  };
}

function capabilitiesOf(model: Model): readonly string[] {
  const described = descriptionOf(model);
  if (described === undefined) return [];
  const { type, capabilities } = described;
  if (type === 'embedding') return ['embedding'];
  const thinks = capabilities.reasoning?.allowedOptions.some((effort) => effort !== 'off') ?? false;
  return [
    'completion',
    ...(capabilities.trainedForToolUse ? ['tools'] : []),
    ...(capabilities.vision ? ['vision'] : []),
    ...(thinks ? ['thinking'] : []),
    ...(capabilities.embeddings ? ['embedding'] : []),
  ];
}

const descriptionOf = ({ description }: Model): ModelDescription | undefined =>
  description instanceof Error ? undefined : description;

/** Stands for the content of a model: another one when its file was replaced. */
const digestOf = ({ key, version, modifiedAt, sizeBytes }: Model): string =>
  createHash('sha256')
    .update(JSON.stringify([key, version ?? null, modifiedAt, sizeBytes]))
    .digest('hex');
