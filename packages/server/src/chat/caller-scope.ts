import type { Principal } from '@latchkey/auth-core';
import type { QueueShare } from '@latchkey/engine';
import type { TurnScope } from '../contracts/conversation-store.ts';

/**
 * The stored turns that a caller may list, read, delete and continue: those of its token and of tokens derived from it,
 * in its project. The root token of a chain has all of them.
 */
export function turnsOf({ kind, id, tokenId, rootId, project }: Principal): TurnScope {
  // An access token is replaced every few minutes, so it counts as the token that it was derived from.
  const madeBy = kind === 'access' ? tokenId : id;
  return { owner: rootId, project: project ?? null, ...(madeBy === rootId ? {} : { madeBy }) };
}

/**
 * The cache scope of a caller: exactly its chain of tokens in exactly its project. A derived token must not learn from
 * token counts, or from the time to the first token, what another token of its chain has sent.
 */
export const scopeOf = ({ chain, project, rootId }: Principal): string =>
  JSON.stringify([rootId, chain, project ?? null]);

/**
 * All tokens of one root share one queue entry. The smallest weight counts, and 1 where neither the root nor the server
 * sets one: a grant that a holder has added can only lower it.
 */
export function shareOf({ rootId, authority }: Principal): QueueShare {
  const weightsOf = (ofHolders: boolean): number[] =>
    authority.flatMap(({ added = false, grant }) => (added === ofHolders ? (grant.limits?.weight ?? []) : []));
  const given = weightsOf(false);
  return { key: rootId, weight: Math.min(...(given.length === 0 ? [1] : given), ...weightsOf(true)) };
}
