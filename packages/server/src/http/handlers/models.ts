import { renderModels as renderLmstudio } from '../../dialects/lmstudio/render-models.ts';
import { renderModels as renderOpenai } from '../../dialects/openai/render-models.ts';
import type { ModelPool } from '../../models/model-pool.ts';
import type { ModelRegistry, RegisteredModel } from '../../models/model-registry.ts';
import type { Handler } from '../route.ts';
import type { ServerState } from '../state.ts';

export interface ModelHandlers {
  /** `GET /api/v1/models`. */
  readonly lmstudio: Handler;
  /** `GET /v1/models`. */
  readonly openai: Handler;
}

/** A caller sees the models that it may use, and no others. */
export function createModelHandlers(registry: ModelRegistry, pool: ModelPool): ModelHandlers {
  const visible = async ({ auth }: ServerState): Promise<readonly RegisteredModel[]> =>
    (await registry.list()).filter(({ file }) => auth.decide({ action: 'models:read', model: file.key }).allowed);
  return {
    lmstudio: async (ctx) => {
      ctx.body = renderLmstudio(await visible(ctx.state), pool.loaded());
    },
    openai: async (ctx) => {
      ctx.body = renderOpenai(await visible(ctx.state));
    },
  };
}
