import { timeOf } from '../date-time.ts';
import { globsCover } from '../matching/glob.ts';
import { rangesCover } from '../matching/ip-address.ts';
import { createSteps, type Steps, unlessUsedUp } from '../matching/steps.ts';
import type { Authority } from './authority.ts';
import { allowsAction, type Grant, type GrantLimits, ruleOf } from './grant.ts';
import { printPath } from './print-path.ts';
import type { VocabularyParts } from './vocabulary.ts';

/** Whether an authority covers a grant, and if not, where the grant goes beyond it. */
export type Coverage = { readonly covered: true } | { readonly covered: false; readonly reason: string };

/** Returns whether a grant stays within an authority: see `Vocabulary.covers`. */
export function covers(vocabulary: VocabularyParts, parent: Authority, child: Grant): Coverage {
  if (parent.length === 0) return NOTHING_TO_GIVE;
  const steps = createSteps();
  for (const { grant, source } of parent) {
    const excess = unlessUsedUp(() => findExcess(vocabulary, grant, child, steps), USED_UP);
    if (excess === USED_UP) return { covered: false, reason: `${excess} to compare with ${source}` };
    if (excess !== undefined) return { covered: false, reason: `${excess} goes beyond ${source}` };
  }
  return { covered: true };
}

/** The answer of an authority without grants. */
export const NOTHING_TO_GIVE: Coverage = Object.freeze({ covered: false, reason: 'there is no grant to give from' });

const USED_UP = 'it takes too many steps';

/** The part of the child that is wider than the parent's. */
function findExcess(vocabulary: VocabularyParts, parent: Grant, child: Grant, steps: Steps): string | undefined {
  if (!child.actions.every((action) => allowsAction(parent, action))) return 'actions';
  const wider = findWiderRule(vocabulary, parent, child, steps);
  if (wider !== undefined) return wider;
  if (!withinList(parent.networks, child.networks, rangesCover, steps)) return 'networks';
  if (!withinList(parent.projects, child.projects, globsCover, steps)) return 'projects';
  if (!withinDate(parent.notBefore, child.notBefore, (bound, own) => own >= bound)) return 'notBefore';
  if (!withinDate(parent.expiresAt, child.expiresAt, (bound, own) => own <= bound)) return 'expiresAt';
  const limit = findLargerLimit(vocabulary, parent, child.limits ?? {});
  return limit && `limits.${limit}`;
}

function findWiderRule({ resources }: VocabularyParts, parent: Grant, child: Grant, steps: Steps): string | undefined {
  for (const [name, kind] of Object.entries(resources)) {
    const rule = ruleOf(child, name);
    if (rule === undefined) continue;
    const coverage = kind.covers(ruleOf(parent, name), rule, steps);
    if (coverage !== true) return printPath([name, ...(coverage === false ? [] : coverage.at)]);
  }
  return undefined;
}

/** For lists that mean "any" when they are absent. */
function withinList(
  parent: readonly string[] | undefined,
  child: readonly string[] | undefined,
  cover: (outer: readonly string[], inner: readonly string[], steps: Steps) => boolean,
  steps: Steps,
): boolean {
  return parent === undefined || (child !== undefined && cover(parent, child, steps));
}

function withinDate(
  bound: string | undefined,
  own: string | undefined,
  within: (bound: number, own: number) => boolean,
): boolean {
  if (bound === undefined) return true;
  return own !== undefined && within(timeOf(bound), timeOf(own));
}

/** A grant without `"*"` in its actions can pass on at most the usual share, unless it names a larger one itself. */
function boundsOf({ limits }: VocabularyParts, grant: Grant): GrantLimits {
  if (grant.actions.includes('*')) return grant.limits ?? {};
  const shares = Object.keys(limits).filter((name) => limits[name]?.kind === 'share');
  return { ...Object.fromEntries(shares.map((name) => [name, USUAL_SHARE])), ...grant.limits };
}

const USUAL_SHARE = 1;

function findLargerLimit(vocabulary: VocabularyParts, parent: Grant, child: GrantLimits): string | undefined {
  for (const [name, limit] of Object.entries(boundsOf(vocabulary, parent))) {
    if (limit === undefined) continue;
    const own = child[name] ?? (vocabulary.limits[name]?.kind === 'share' ? USUAL_SHARE : undefined);
    if (own === undefined || !(own <= limit)) return name;
  }
  return undefined;
}
