import { denyAction } from '../authority/decide.ts';
import type { Principal } from '../principal.ts';
import { coversAll, coversEverything } from './token-access.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/**
 * Whether a principal may revoke a token while the store does not answer. Revocation is the one act that must not wait
 * for the store: what this process verified within the last minute decides, and anything unknown is refused.
 */
export async function mayEndUnseen(
  id: string,
  by: Principal,
  {
    vocabulary,
    recalled,
    policy,
    clock,
    isEnded,
  }: Pick<TokenManagerParts, 'vocabulary' | 'recalled' | 'policy' | 'clock' | 'isEnded'>,
): Promise<boolean> {
  const now = clock().getTime();
  if (by.kind !== 'operator') {
    const known = await Promise.all(recalled.recallChain(by.id, now));
    if (by.chain.some(isEnded) || !known.some((principal) => principal.id === by.id)) return false;
  }
  if (denyAction(by.authority, 'tokens:write') !== undefined) return false;
  if (coversEverything(vocabulary, by, policy)) return true;
  const own = by.authority.filter((entry) => entry !== policy);
  const [target] = (await Promise.all(recalled.recallChain(id, now))).filter((principal) => principal.id === id);
  if (target === undefined || (by.project !== undefined && target.project !== by.project)) return false;
  return coversAll(
    vocabulary,
    own,
    target.authority.filter((entry) => entry !== policy),
  ).covered;
}
