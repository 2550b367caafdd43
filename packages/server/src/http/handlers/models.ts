import type { Model } from '@latchkey/engine';
import { z } from 'zod';
import { ServerError } from '../../contracts/server-error.ts';
import {
  renderModels as renderAnthropic,
  renderModel as renderAnthropicModel,
} from '../../dialects/anthropic/render-models.ts';
import { renderModels as renderLmstudio } from '../../dialects/lmstudio/render-models.ts';
import { renderV0Model, renderV0Models } from '../../dialects/lmstudio/render-v0-models.ts';
import { renderModel, renderModels as renderOpenai } from '../../dialects/openai/render-models.ts';
import { renderCodexModels } from '../../dialects/responses/render-codex-models.ts';
import { type ListedModel, listModels } from '../../models/list-models.ts';
import type { ModelCatalog } from '../../models/model-catalog.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { wholeNumber } from '../../wire/whole-number-field.ts';
import { json, jsonText } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { createVisibleModels } from '../visible-models.ts';

export interface ModelHandlers {
  /** `GET /api/v1/models`. */
  readonly lmstudio: Handler;
  /** `GET /api/v0/models`. */
  readonly v0: Handler;
  /** `GET /api/v0/models/{model}`. */
  readonly v0Model: Handler;
  /** `GET /v1/models`. */
  readonly openai: Handler;
  /** `GET /v1/models/{id}`; a slash in the id may be sent as it is or encoded. */
  readonly openaiModel: Handler;
}

/** Clients of both APIs use the same path; those of Anthropic's API send its version. */
const isAnthropics = (context: RequestContext): boolean => context.get('anthropic-version') !== undefined;

const id = z.string().max(256);
const pageSchema = z.looseObject({
  limit: wholeNumber.pipe(z.int().min(1).max(1000)).default(20),
  after_id: id.optional(),
  before_id: id.optional(),
});

/** A caller sees only the models that it may use. */
export function createModelHandlers(catalog: ModelCatalog, pool: ModelPool): ModelHandlers {
  const visible = createVisibleModels(catalog);
  const openaiList = keepText(pool, (models) => renderOpenai(listModels(models, catalog.aliases, pool)));
  const list = async (context: RequestContext) => listModels(await visible(context), catalog.aliases, pool);
  /** The model by the name in the path. */
  const find = async (context: RequestContext): Promise<ListedModel> => {
    const { id = '' } = context.params;
    const key = catalog.resolve(id);
    const found = listModels(await visible(context), {}, pool).find(({ name }) => name === key);
    if (found !== undefined) return { ...found, name: id };
    // A model that the caller may not use gets the same answer, so that its existence is not revealed.
    throw new ServerError('MODEL_NOT_FOUND', `There is no model '${id.slice(0, 256)}' that the token may use.`, {
      param: 'model',
    });
  };
  return {
    lmstudio: async (context) => {
      const models = await visible(context);
      const keys = new Set(models.map((model) => model.key));
      const aliases = Object.entries(catalog.aliases).filter(([, key]) => keys.has(key));
      return json(renderLmstudio(models, pool.loaded(), Object.fromEntries(aliases)));
    },
    v0: async (context) => json(renderV0Models(await list(context))),
    v0Model: async (context) => json(renderV0Model(await find(context))),
    openai: async (context) => {
      if (!isAnthropics(context) && context.query.client_version === undefined) {
        return jsonText(openaiList(await visible(context)));
      }
      const models = await list(context);
      // Codex asks for its own catalog at the same path.
      if (context.query.client_version !== undefined) return json(renderCodexModels(models));
      const { limit, after_id: afterId, before_id: beforeId } = validateBody(pageSchema, context.query);
      return json(renderAnthropic(models, { limit, afterId, beforeId }));
    },
    openaiModel: async (context) => {
      const found = await find(context);
      return json(isAnthropics(context) ? renderAnthropicModel(found) : renderModel(found));
    },
  };
}

/** Keeps the JSON of a list of models while neither they nor what is in memory changes: a list may have thousands. */
function keepText(
  pool: Pick<ModelPool, 'loaded'>,
  render: (models: readonly Model[]) => unknown,
): (models: readonly Model[]) => string {
  const kept = new WeakMap<readonly Model[], { readonly state: string; readonly text: string }>();
  return (models) => {
    const state = JSON.stringify(pool.loaded().map(({ key, contextLength }) => [key, contextLength]));
    const before = kept.get(models);
    if (before?.state === state) return before.text;
    const text = JSON.stringify(render(models));
    kept.set(models, { state, text });
    return text;
  };
}
