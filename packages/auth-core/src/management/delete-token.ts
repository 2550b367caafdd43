import { ConflictError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { ManagementAudit } from './audit-management.ts';
import type { Makers } from './maker.ts';
import { hasEnded } from './require-not-ended.ts';
import { settleRemoval } from './settle-write.ts';
import { requireAction, requireSameChain, type TokenAccess } from './token-access.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** Creates the function that deletes tokens that have ended, with everything that was derived from them. */
export function createDeleteToken(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
) {
  const { store, clock, onChange } = parts;

  return async function remove(id: string, asked: Principal): Promise<TokenInfo> {
    const removed = await makers.act(asked, async ({ by, standing }) => {
      requireAction(by, 'tokens:write');
      const found = await access.findVisible(id, by, 'tokens:write');
      requireSameChain(by, found);
      const { record } = found;
      if (!hasEnded(record, clock())) throw new ConflictError('The token still works. Revoke it before it is deleted.');
      // Nothing else says any more whose it was.
      const entry = { type: 'token.deleted', by, record, details: { owner: record.owner } } as const;
      const isRemoved = await audit.write(
        entry,
        (transaction) => store.remove(id, record.version, standing, transaction),
        () => settleRemoval(record, parts),
      );
      return isRemoved ? record : undefined;
    });
    onChange(id, 'edited');
    return toTokenInfo(removed, clock());
  };
}
