import type { RegisteredModel } from '../../models/model-registry.ts';

/** `GET /v1/models`; https://platform.openai.com/docs/api-reference/models/list. */
export function renderModels(models: readonly RegisteredModel[]): Record<string, unknown> {
  return {
    object: 'list',
    data: models
      .filter(({ description }) => !(description instanceof Error))
      .map(({ file }) => ({
        id: file.key,
        object: 'model',
        created: Math.floor(file.modifiedAt / 1000),
        owned_by: file.publisher,
      })),
  };
}
