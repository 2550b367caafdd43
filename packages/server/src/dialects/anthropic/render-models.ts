import { EngineError, type Model } from '@latchkey/engine';

type Json = Readonly<Record<string, unknown>>;

/** A page of the list. */
export interface ModelPage {
  readonly limit: number;
  readonly afterId?: string | undefined;
  readonly beforeId?: string | undefined;
}

/** `GET /v1/models` of Anthropic's API; https://platform.claude.com/docs/en/api/models-list. */
export function renderModels(
  models: readonly Model[],
  aliases: Readonly<Record<string, string>>,
  { limit, afterId, beforeId }: ModelPage,
): Json {
  const usable = models.filter(isUsable);
  const named = Object.entries(aliases).flatMap(([alias, key]) =>
    usable.filter((model) => model.key === key).map((model) => renderModel(model, alias)),
  );
  const all = [...usable.map((model) => renderModel(model, model.key)), ...named];
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
export const renderModel = ({ name, modifiedAt, description }: Model, id: string): Json => ({
  type: 'model',
  id,
  display_name: description instanceof Error ? name : (description.displayName ?? name),
  created_at: new Date(modifiedAt).toISOString(),
  ...(description instanceof Error ? {} : { max_input_tokens: description.maxContextLength }),
});

const isUsable = ({ description }: Model): boolean =>
  !(description instanceof Error) || (description instanceof EngineError && description.code === 'MODEL_UNAVAILABLE');
