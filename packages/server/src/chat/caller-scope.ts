import type { Principal } from '@latchkey/auth-core';
import type { QueueShare } from '@latchkey/engine';
import type { TurnScope } from '../contracts/conversation-store.ts';

/**
 * The stored turns of a caller, for listing, reading, deleting and going on: those that its token made, and those of
 * tokens derived from it, in its project. The token at the beginning of a chain has all of it.
 */
export function turnsOf({ kind, id, tokenId, rootId, project }: Principal): TurnScope {
  // An access token is replaced every few minutes: it counts as the token that it is made from.
  const madeBy = kind === 'access' ? tokenId : id;
  return { owner: rootId, project: project ?? null, ...(madeBy === rootId ? {} : { madeBy }) };
}

/**
 * Whose cached prompts a caller may reuse: those of exactly this chain of tokens in exactly this project. A token that
 * was derived from another must not learn, by a count or by the time to the first token, what that one has said.
 */
export const scopeOf = ({ chain, project, rootId }: Principal): string =>
  JSON.stringify([rootId, chain, project ?? null]);

/** All tokens of one root wait as one. Each grant can only lessen the weight; one without a word leaves it as it is. */
export function shareOf({ rootId, authority }: Principal): QueueShare {
  const weights = authority.map(({ grant }) => grant.limits?.weight).filter((weight) => weight !== undefined);
  return { key: rootId, weight: weights.length === 0 ? 1 : Math.min(...weights) };
}
