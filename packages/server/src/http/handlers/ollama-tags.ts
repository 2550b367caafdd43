import type { AccessRequest, Decision } from '@latchkey/auth-core/llm';
import type { ModelCatalog } from '../../models/model-catalog.ts';

export type TaggedModels = Pick<ModelCatalog, 'list' | 'resolve'>;

/** The tag that Ollama's clients add to a name without one. */
const LATEST = ':latest';

type ReadTag = (
  caller: { readonly decide: (request: AccessRequest) => Decision },
  action: 'chat' | 'embeddings' | 'models:read',
  name: string,
) => Promise<string>;

/**
 * Reads the name of a model as Ollama does, where `x` and `x:latest` are the same. A model that really has the tag in
 * its key is meant by it, if the caller may use that one: the answers to others do not depend on which models there are.
 */
export function createTagReader({ list, resolve }: TaggedModels): ReadTag {
  return async ({ decide }, action, name) => {
    if (!name.endsWith(LATEST) || resolve(name) !== name) return name;
    if (decide({ action, models: name }).allowed && (await list()).some(({ key }) => key === name)) return name;
    return name.slice(0, -LATEST.length);
  };
}
