import type { Model } from '@latchkey/engine';
import { z } from 'zod';
import { ServerError } from '../../contracts/server-error.ts';
import {
  renderModels as renderAnthropic,
  renderModel as renderAnthropicModel,
} from '../../dialects/anthropic/render-models.ts';
import { renderModels as renderLmstudio } from '../../dialects/lmstudio/render-models.ts';
import { isUsable, renderModel, renderModels as renderOpenai } from '../../dialects/openai/render-models.ts';
import type { ModelCatalog } from '../../models/model-catalog.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { wholeNumber } from '../../wire/whole-number-field.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

export interface ModelHandlers {
  /** `GET /api/v1/models`. */
  readonly lmstudio: Handler;
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
  const visible = async ({ auth }: RequestContext): Promise<readonly Model[]> =>
    (await catalog.list()).filter(({ key }) => auth.decide({ action: 'models:read', models: key }).allowed);
  return {
    lmstudio: async (context) => {
      const models = await visible(context);
      const keys = new Set(models.map((model) => model.key));
      const aliases = Object.entries(catalog.aliases).filter(([, key]) => keys.has(key));
      return json(renderLmstudio(models, pool.loaded(), Object.fromEntries(aliases)));
    },
    openai: async (context) => {
      const models = await visible(context);
      if (!isAnthropics(context)) return json(renderOpenai(models, catalog.aliases));
      const { limit, after_id: afterId, before_id: beforeId } = validateBody(pageSchema, context.query);
      return json(renderAnthropic(models, catalog.aliases, { limit, afterId, beforeId }));
    },
    openaiModel: async (context) => {
      const { id = '' } = context.params;
      const key = catalog.resolve(id);
      const models = await visible(context);
      const model = models.find((candidate) => candidate.key === key && isUsable(candidate));
      // A model that the caller may not use gets the same answer, so that its existence is not revealed.
      if (model === undefined) {
        throw new ServerError('MODEL_NOT_FOUND', `There is no model '${id.slice(0, 256)}' that the token may use.`, {
          param: 'model',
        });
      }
      return json(isAnthropics(context) ? renderAnthropicModel(model, id) : renderModel(model, id));
    },
  };
}
