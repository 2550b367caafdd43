import { parseDateTime } from '../date-time.ts';
import { globsCover } from '../matching/glob.ts';
import { hostsCover } from '../matching/host-glob.ts';
import { rangesCover } from '../matching/ip-address.ts';
import { createSteps, type Steps, unlessUsedUp } from '../matching/steps.ts';
import { coversTools } from './covers-tools.ts';
import type { Authority } from './decide.ts';
import type { Grant, GrantLimits } from './grant.ts';

/** Whether an authority covers a grant, and if not, in what the grant goes beyond it. */
export type Coverage = { readonly covered: true } | { readonly covered: false; readonly reason: string };

/**
 * Says whether a grant stays within an authority: whatever the grant allows, every grant of the authority allows
 * too, with no larger limits and no approval left out. An authority without grants covers nothing.
 *
 * Sound, and on the safe side: it compares what is written, so it may say no to a grant that is in truth narrower,
 * but never yes to one that is wider. The work is bounded: what takes too many steps to compare is not covered.
 *
 * @example
 * ```ts
 * import { covers, parseGrant } from '@latchkey/auth-core';
 *
 * const own = [{ grant: parseGrant({ actions: ['chat'], models: ['ibm/*'] }), source: 'token ci-bot' }];
 * console.log(covers(own, parseGrant({ actions: ['chat'], models: ['ibm/granite-*'] })).covered); // true
 * console.log(covers(own, parseGrant({ actions: ['chat'], models: ['*'] })).covered); // false
 * ```
 */
export function covers(parent: Authority, child: Grant): Coverage {
  if (parent.length === 0) return { covered: false, reason: 'there is no grant to give from' };
  const steps = createSteps();
  for (const { grant, source } of parent) {
    const excess = unlessUsedUp(() => findExcess(grant, child, steps), USED_UP);
    if (excess === USED_UP) return { covered: false, reason: `${excess} to compare with ${source}` };
    if (excess !== undefined) return { covered: false, reason: `${excess} goes beyond ${source}` };
  }
  return { covered: true };
}

const USED_UP = 'it takes too many steps';

/** The part of the child that is wider than the parent's. */
function findExcess(parent: Grant, child: Grant, steps: Steps): string | undefined {
  if (!coversActions(parent, child)) return 'actions';
  if (!globsCover(parent.models ?? [], child.models ?? [], steps)) return 'models';
  const tools = coversTools(parent.mcp ?? {}, child.mcp ?? {}, steps);
  if (tools !== undefined) return tools;
  if (!coversEphemeral(parent.ephemeralMcp, child.ephemeralMcp, steps)) return 'ephemeralMcp';
  if (!withinList(parent.networks, child.networks, rangesCover, steps)) return 'networks';
  if (!withinList(parent.projects, child.projects, globsCover, steps)) return 'projects';
  if (!withinDate(parent.notBefore, child.notBefore, (bound, own) => own >= bound)) return 'notBefore';
  if (!withinDate(parent.expiresAt, child.expiresAt, (bound, own) => own <= bound)) return 'expiresAt';
  const limit = findLargerLimit(boundsOf(parent), child.limits ?? {});
  return limit && `limits.${limit}`;
}

function coversActions(parent: Grant, child: Grant): boolean {
  return parent.actions.includes('*') || child.actions.every((action) => parent.actions.includes(action));
}

function coversEphemeral(parent: Grant['ephemeralMcp'], child: Grant['ephemeralMcp'], steps: Steps): boolean {
  if (child === undefined) return true;
  return (
    parent !== undefined && hostsCover(parent.hosts, child.hosts, steps) && globsCover(parent.tools, child.tools, steps)
  );
}

/** For lists that mean "any" where they are absent. */
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
  return own !== undefined && within(parseDateTime(bound) ?? Number.NaN, parseDateTime(own) ?? Number.NaN);
}

/** Who is not an administrator gives nobody a larger share of the queue than the usual one, if not told otherwise. */
function boundsOf({ actions, limits = {} }: Grant): GrantLimits {
  return actions.includes('*') ? limits : { weight: 1, ...limits };
}

function findLargerLimit(parent: GrantLimits, child: GrantLimits): string | undefined {
  for (const [name, limit] of Object.entries(parent)) {
    const own = name === 'weight' ? (child.weight ?? 1) : child[name as keyof GrantLimits];
    if (own === undefined || !(own <= limit)) return name;
  }
  return undefined;
}
