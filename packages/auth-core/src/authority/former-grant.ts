import { type Grant, ruleOf } from './grant.ts';
import type { VocabularyParts } from './vocabulary.ts';

/** Converts a grant in the first notation of caveats to the present one: see `ResourceKind.formerly`. */
export function asFormerlyRead({ resources }: VocabularyParts, grant: Grant): Grant {
  const changed = Object.entries(resources).flatMap(([name, kind]) => {
    const rule = ruleOf(grant, name);
    return rule === undefined || kind.formerly === undefined ? [] : [[name, kind.formerly(rule)] as const];
  });
  return changed.length === 0 ? grant : Object.freeze({ ...grant, ...Object.fromEntries(changed) });
}
