import type { Model } from '@latchkey/engine';
import type { ModelCatalog } from '../models/model-catalog.ts';
import type { RequestContext } from './request-context.ts';

/** Lists the models that a caller may see. */
export type VisibleModels = (context: Pick<RequestContext, 'auth'>) => Promise<readonly Model[]>;

/** Callers have few different rules about models. */
const MOST_RULES = 16;

/**
 * Decides about each model once for each rule about models, and again when the list of models changes. Whatever else a
 * caller's grants say (times, networks, projects, actions) is the same for every model, and is decided for each request.
 */
export function createVisibleModels(catalog: Pick<ModelCatalog, 'list'>): VisibleModels {
  let of: readonly Model[] | undefined;
  let known = new Map<string, readonly Model[]>();

  return async ({ auth }) => {
    const mayRead = (): boolean => auth.decide({ action: 'models:read' }).allowed;
    const models = await catalog.list();
    if (models !== of) [of, known] = [models, new Map()];
    if (!mayRead()) return [];
    const rules = JSON.stringify(auth.principal.authority.map(({ grant }) => grant.models ?? null));
    const before = known.get(rules);
    if (before !== undefined) return before;
    const visible = models.filter(({ key }) => auth.decide({ action: 'models:read', models: key }).allowed);
    // A token that ended meanwhile was denied what others with its rules may see.
    if (!mayRead()) return visible;
    if (known.size >= MOST_RULES) known.clear();
    known.set(rules, visible);
    return visible;
  };
}
