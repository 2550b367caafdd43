import type { Model } from '@latchkey/engine';
import type { ListedModel } from '../../models/list-models.ts';

type Json = Readonly<Record<string, unknown>>;

/** `GET /api/v0/models`; https://lmstudio.ai/docs/developer/rest/endpoints. */
export const renderV0Models = (models: readonly ListedModel[]): Json => ({
  object: 'list',
  data: models.map(renderV0Model),
});

/** `GET /api/v0/models/{model}`. */
export function renderV0Model({ name, model, mostContext, loaded }: ListedModel): Json {
  const { description } = model;
  const described = description instanceof Error ? undefined : description;
  return {
    id: name,
    object: 'model',
    type: typeOf(model),
    publisher: model.publisher,
    arch: described?.architecture ?? null,
    // Clients know two formats, and refuse the whole list for another one.
    compatibility_type: described?.format === 'mlx' ? 'mlx' : 'gguf',
    quantization: described?.quantization ?? null,
    state: loaded === undefined ? 'not-loaded' : 'loaded',
    ...(mostContext === undefined ? {} : { max_context_length: mostContext }),
    ...(loaded === undefined ? {} : { loaded_context_length: loaded.contextLength }),
    capabilities: described?.capabilities.trainedForToolUse ? ['tool_use'] : [],
  };
}

function typeOf({ description }: Model): 'llm' | 'vlm' | 'embeddings' {
  if (description instanceof Error) return 'llm';
  if (description.type === 'embedding') return 'embeddings';
  return description.capabilities.vision ? 'vlm' : 'llm';
}
