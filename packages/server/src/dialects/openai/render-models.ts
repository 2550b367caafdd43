import type { ModelDescription } from '@latchkey/engine';
import type { ListedModel } from '../../models/list-models.ts';

type RenderedModel = Readonly<Record<string, unknown>>;

/** `GET /v1/models`, each model under its key and under its other names; https://platform.openai.com/docs/api-reference/models/list. */
export const renderModels = (
  models: readonly ListedModel[],
): { readonly object: 'list'; readonly data: readonly RenderedModel[] } => ({
  object: 'list',
  data: models.map(renderModel),
});

/**
 * `GET /v1/models/{id}`; https://platform.openai.com/docs/api-reference/models/retrieve. OpenAI's own four fields, and
 * those in which clients of local servers look for what a model can do: the context under each of its names (LM Studio,
 * llama-server, vLLM, OpenRouter), what it takes and gives, and whether it is in memory.
 */
export function renderModel({ name, model, context, mostContext, loaded }: ListedModel): RenderedModel {
  const { key, publisher, modifiedAt, description } = model;
  const envelope = {
    id: name,
    object: 'model',
    created: Math.floor(modifiedAt / 1000),
    owned_by: publisher,
    ...(name === key ? {} : { root: key }),
  };
  const state = loaded === undefined ? 'not-loaded' : 'loaded';
  if (description instanceof Error) return { ...envelope, display_name: model.name, state };
  return {
    ...envelope,
    display_name: description.displayName ?? model.name,
    type: description.type,
    state,
    context_length: context,
    max_model_len: context,
    max_context_length: mostContext,
    ...(loaded === undefined ? {} : { loaded_context_length: loaded.contextLength }),
    meta: { n_ctx: context, n_ctx_train: description.maxContextLength },
    ...renderAbilities(description),
  };
}

function renderAbilities({ type, capabilities }: ModelDescription): RenderedModel {
  if (type === 'embedding') {
    return { capabilities: ['embeddings'], input_modalities: ['text'], output_modalities: ['embeddings'] };
  }
  const thinks = capabilities.reasoning?.allowedOptions.some((effort) => effort !== 'off') ?? false;
  return {
    capabilities: [
      'completion',
      ...(capabilities.trainedForToolUse ? ['tool_use'] : []),
      ...(capabilities.vision ? ['vision'] : []),
      ...(thinks ? ['reasoning'] : []),
      ...(capabilities.embeddings ? ['embeddings'] : []),
    ],
    input_modalities: capabilities.vision ? ['text', 'image'] : ['text'],
    output_modalities: ['text'],
  };
}
