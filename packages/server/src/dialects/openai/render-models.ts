import type { RegisteredModel } from '../../models/model-registry.ts';

type Model = Readonly<Record<string, unknown>>;

/** `GET /v1/models`, each model under its key and under its other names; https://platform.openai.com/docs/api-reference/models/list. */
export function renderModels(
  models: readonly RegisteredModel[],
  aliases: Readonly<Record<string, string>>,
): { readonly object: 'list'; readonly data: readonly Model[] } {
  const usable = models.filter(({ description }) => !(description instanceof Error));
  const named = Object.entries(aliases).flatMap(([alias, key]) =>
    usable.filter(({ file }) => file.key === key).map((model) => renderModel(model, alias)),
  );
  return { object: 'list', data: [...usable.map((model) => renderModel(model, model.file.key)), ...named] };
}

/** `GET /v1/models/{id}`; https://platform.openai.com/docs/api-reference/models/retrieve. */
export const renderModel = ({ file }: RegisteredModel, id: string): Model => ({
  id,
  object: 'model',
  created: Math.floor(file.modifiedAt / 1000),
  owned_by: file.publisher,
});
