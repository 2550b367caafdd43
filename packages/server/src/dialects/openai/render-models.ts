import { EngineError, type Model } from '@latchkey/engine';

type RenderedModel = Readonly<Record<string, unknown>>;

/** `GET /v1/models`, each model under its key and under its other names; https://platform.openai.com/docs/api-reference/models/list. */
export function renderModels(
  models: readonly Model[],
  aliases: Readonly<Record<string, string>>,
): { readonly object: 'list'; readonly data: readonly RenderedModel[] } {
  const usable = models.filter(isUsable);
  const named = Object.entries(aliases).flatMap(([alias, key]) =>
    usable.filter((model) => model.key === key).map((model) => renderModel(model, alias)),
  );
  return { object: 'list', data: [...usable.map((model) => renderModel(model, model.key)), ...named] };
}

/** `GET /v1/models/{id}`; https://platform.openai.com/docs/api-reference/models/retrieve. */
export const renderModel = ({ publisher, modifiedAt }: Model, id: string): RenderedModel => ({
  id,
  object: 'model',
  created: Math.floor(modifiedAt / 1000),
  owned_by: publisher,
});

/**
 * A model that could not be inspected yet may be usable, and the list contains nothing that depends on its description.
 */
export const isUsable = ({ description }: Model): boolean =>
  !(description instanceof Error) || (description instanceof EngineError && description.code === 'MODEL_UNAVAILABLE');
