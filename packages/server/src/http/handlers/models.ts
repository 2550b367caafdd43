import { ServerError } from '../../contracts/server-error.ts';
import { renderModels as renderLmstudio } from '../../dialects/lmstudio/render-models.ts';
import { renderModel, renderModels as renderOpenai } from '../../dialects/openai/render-models.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import type { ModelRegistry, RegisteredModel } from '../../models/model-registry.ts';
import type { Handler } from '../route.ts';
import type { ServerState } from '../state.ts';

export interface ModelHandlers {
  /** `GET /api/v1/models`. */
  readonly lmstudio: Handler;
  /** `GET /v1/models`. */
  readonly openai: Handler;
  /** `GET /v1/models/{id}`, where the id may have a slash in it, as it is or encoded. */
  readonly openaiModel: Handler;
}

/** A caller sees the models that it may use, and no others. */
export function createModelHandlers(registry: ModelRegistry, pool: ModelPool): ModelHandlers {
  const visible = async ({ auth }: ServerState): Promise<readonly RegisteredModel[]> =>
    (await registry.list()).filter(({ file }) => auth.decide({ action: 'models:read', model: file.key }).allowed);
  return {
    lmstudio: async (ctx) => {
      const models = await visible(ctx.state);
      const keys = new Set(models.map(({ file }) => file.key));
      const aliases = Object.entries(registry.aliases).filter(([, key]) => keys.has(key));
      ctx.body = renderLmstudio(models, pool.loaded(), Object.fromEntries(aliases));
    },
    openai: async (ctx) => {
      ctx.body = renderOpenai(await visible(ctx.state), registry.aliases);
    },
    openaiModel: async (ctx) => {
      const id = ctx.params.id ?? '';
      const key = registry.resolve(id);
      const models = await visible(ctx.state);
      const model = models.find(({ file, description }) => file.key === key && !(description instanceof Error));
      // The same for a model that the caller may not use: it learns nothing about it.
      if (model === undefined) {
        throw new ServerError('MODEL_NOT_FOUND', `There is no model '${id.slice(0, 256)}' that the token may use.`, {
          param: 'model',
        });
      }
      ctx.body = renderModel(model, id);
    },
  };
}
