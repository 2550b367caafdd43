import { z } from 'zod';
import { ServerError } from '../../contracts/server-error.ts';
import { renderRunning, renderShown, renderTags } from '../../dialects/ollama/render-models.ts';
import { listModels } from '../../models/list-models.ts';
import type { ModelCatalog } from '../../models/model-catalog.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';
import { createVisibleModels } from '../visible-models.ts';
import { createTagReader } from './ollama-tags.ts';

export interface OllamaModelHandlers {
  /** `GET /api/tags`. */
  readonly tags: Handler;
  /** `GET /api/ps`. */
  readonly running: Handler;
  /** `POST /api/show`. */
  readonly show: Handler;
}

const name = z.string().min(1).max(256);
const showSchema = z.looseObject({ model: name.nullish(), name: name.nullish() });

/** Ollama's lists of models. A caller sees only the models that it may use. */
export function createOllamaModelHandlers(
  catalog: ModelCatalog,
  pool: ModelPool,
  clock: () => Date,
): OllamaModelHandlers {
  const nameOf = createTagReader(catalog);
  const visible = createVisibleModels(catalog);
  return {
    tags: async (context) => json(renderTags(listModels(await visible(context), catalog.aliases, pool))),
    running: async (context) => {
      const models = await visible(context);
      const running = pool.loaded().flatMap((instance) => {
        const model = models.find(({ key }) => key === instance.key);
        const idleLeftMilliseconds = pool.idleLeft(instance.id);
        return model === undefined || idleLeftMilliseconds === undefined
          ? []
          : [{ model, instance, idleLeftMilliseconds }];
      });
      return json(renderRunning(running, clock()));
    },
    show: async (context) => {
      const body = validateBody(showSchema, context.body);
      const asked = body.model ?? body.name;
      if (asked == null) throw new ServerError('MISSING_PARAMETER', "'model' is required.", { param: 'model' });
      const key = catalog.resolve(await nameOf(context.auth, 'models:read', asked));
      const found = listModels(await visible(context), {}, pool).find((listed) => listed.name === key);
      // A model that the caller may not use gets the same answer, so that its existence is not revealed.
      if (found === undefined)
        throw new ServerError('MODEL_NOT_FOUND', `model '${asked}' not found`, { param: 'model' });
      return json(renderShown(found));
    },
  };
}
