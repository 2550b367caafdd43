import type { Authority, AuthorityEntry } from './authority.ts';
import type { CountedUse } from './decision.ts';
import { ruleOf } from './grant.ts';
import { printPath } from './print-path.ts';
import type { RuleLimit } from './resource-kind.ts';
import type { VocabularyParts } from './vocabulary.ts';

/** Limits of a rule of one grant, as they are counted: not at all where the grant has no id. */
export function toCountedUses(
  { source, id }: AuthorityEntry,
  resource: string,
  limits: readonly RuleLimit[] = [],
): CountedUse[] {
  if (id === undefined) return [];
  return limits.map(({ at, ...limit }) => ({ ...limit, rule: printPath([resource, ...at]), source, id }));
}

/** Every limit of the rules of an authority that is counted, whatever is asked. */
export function listRuleUses({ resources }: Pick<VocabularyParts, 'resources'>, authority: Authority): CountedUse[] {
  return authority.flatMap((entry) =>
    Object.entries(resources).flatMap(([name, kind]) => {
      const rule = ruleOf(entry.grant, name);
      return rule === undefined ? [] : toCountedUses(entry, name, kind.limits?.(rule));
    }),
  );
}
