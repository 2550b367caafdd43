import type { Model } from '@latchkey/engine';
import { ServerError } from '../../contracts/server-error.ts';
import { renderModels as renderLmstudio } from '../../dialects/lmstudio/render-models.ts';
import { isUsable, renderModel, renderModels as renderOpenai } from '../../dialects/openai/render-models.ts';
import type { ModelCatalog } from '../../models/model-catalog.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

export interface ModelHandlers {
  /** `GET /api/v1/models`. */
  readonly lmstudio: Handler;
  /** `GET /v1/models`. */
  readonly openai: Handler;
  /** `GET /v1/models/{id}`, where the id may have a slash in it, as it is or encoded. */
  readonly openaiModel: Handler;
}

/** A caller sees the models that it may use, and no others. */
export function createModelHandlers(catalog: ModelCatalog, pool: ModelPool): ModelHandlers {
  const visible = async ({ auth }: RequestContext): Promise<readonly Model[]> =>
    (await catalog.list()).filter(({ key }) => auth.decide({ action: 'models:read', models: key }).allowed);
  return {
    lmstudio: async (context) => {
      const models = await visible(context);
      const keys = new Set(models.map((model) => model.key));
      const aliases = Object.entries(catalog.aliases).filter(([, key]) => keys.has(key));
      return json(renderLmstudio(models, pool.loaded(), Object.fromEntries(aliases)));
    },
    openai: async (context) => json(renderOpenai(await visible(context), catalog.aliases)),
    openaiModel: async (context) => {
      const { id = '' } = context.params;
      const key = catalog.resolve(id);
      const models = await visible(context);
      const model = models.find((candidate) => candidate.key === key && isUsable(candidate));
      // The same for a model that the caller may not use: it learns nothing about it.
      if (model === undefined) {
        throw new ServerError('MODEL_NOT_FOUND', `There is no model '${id.slice(0, 256)}' that the token may use.`, {
          param: 'model',
        });
      }
      return json(renderModel(model, id));
    },
  };
}
