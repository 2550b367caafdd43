import type { LoadService } from '../../chat/load-service.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { parseLoad, parseUnload } from '../../dialects/lmstudio/parse-load.ts';
import { renderLoaded } from '../../dialects/lmstudio/render-load.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

export interface ModelInstanceHandlers {
  /** `POST /api/v1/models/load`. */
  readonly load: Handler;
  /** `POST /api/v1/models/unload`. */
  readonly unload: Handler;
}

/** Loads and unloads models by requests of their own; `models:load` is decided for the key of each model. */
export function createModelInstanceHandlers(service: LoadService): ModelInstanceHandlers {
  return {
    load: async ({ body, auth, signal }) => {
      const { asked, echo } = parseLoad(body);
      const { model, instance, loadTimeSeconds } = await service
        .loadInstance(auth, asked, signal)
        .catch((error: unknown) => {
          throw named(error, { model: 'model', contextLength: 'context_length' });
        });
      return json(renderLoaded(model, instance, loadTimeSeconds, echo));
    },
    unload: async ({ body, auth, signal }) => {
      const id = await service.unloadInstance(auth, parseUnload(body), signal).catch((error: unknown) => {
        throw named(error, { model: 'instance_id' });
      });
      return json({ instance_id: id });
    },
  };
}

const named = (error: unknown, params: Readonly<Record<string, string>>): unknown =>
  error instanceof ServerError ? error.named((field) => params[field]) : error;
