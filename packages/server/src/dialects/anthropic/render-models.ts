import type { ListedModel } from '../../models/list-models.ts';

type Json = Readonly<Record<string, unknown>>;

/** A page of the list. */
export interface ModelPage {
  readonly limit: number;
  readonly afterId?: string | undefined;
  readonly beforeId?: string | undefined;
}

/** `GET /v1/models` of Anthropic's API; https://platform.claude.com/docs/en/api/models-list. */
export function renderModels(models: readonly ListedModel[], { limit, afterId, beforeId }: ModelPage): Json {
  const all = models.map(renderModel);
  const after = all.findIndex(({ id }) => id === afterId) + 1;
  const before =
    beforeId === undefined
      ? all.length
      : Math.max(
          0,
          all.findIndex(({ id }) => id === beforeId),
        );
  const page =
    beforeId === undefined ? all.slice(after, after + limit) : all.slice(Math.max(0, before - limit), before);
  const rest = beforeId === undefined ? all.length - after - limit : before - limit;
  return {
    data: page,
    has_more: rest > 0,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

/** `GET /v1/models/{id}`; https://platform.claude.com/docs/en/api/models. */
export const renderModel = ({ name: id, model: { name, modifiedAt, description }, context }: ListedModel): Json => ({
  type: 'model',
  id,
  display_name: description instanceof Error ? name : (description.displayName ?? name),
  created_at: new Date(modifiedAt).toISOString(),
  ...(context === undefined ? {} : { max_input_tokens: context }),
});
