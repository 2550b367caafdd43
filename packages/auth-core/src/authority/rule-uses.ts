import type { Authority } from './authority.ts';
import type { CountedUse } from './decision.ts';
import { ruleOf } from './grant.ts';
import { printPath } from './print-path.ts';
import type { RuleLimit } from './resource-kind.ts';
import type { VocabularyParts } from './vocabulary.ts';

/** A limit of a rule of one grant, as it is counted. */
export function toCountedUse(
  { at, ...limit }: RuleLimit,
  { source, id }: { readonly source: string; readonly id: string },
): CountedUse {
  return { ...limit, rule: printPath(at), source, id };
}

/** Every limit of the rules of an authority that is counted, whatever is asked. */
export function listRuleUses({ resources }: Pick<VocabularyParts, 'resources'>, authority: Authority): CountedUse[] {
  return authority.flatMap(({ grant, source, id }) => {
    if (id === undefined) return [];
    return Object.entries(resources).flatMap(([name, kind]) => {
      const rule = ruleOf(grant, name);
      if (rule === undefined || kind.limits === undefined) return [];
      return kind.limits(rule).map((limit) => toCountedUse({ ...limit, at: [name, ...limit.at] }, { source, id }));
    });
  });
}
