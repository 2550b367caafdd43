import { GrantNotCoveredError, InvalidInputError, PermissionDeniedError, StoreUnavailableError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { openText } from '../token/token-secrets.ts';
import { findFormer } from '../verification/check-secret.ts';
import type { ManagementAudit } from './audit-management.ts';
import type { Makers } from './maker.ts';
import { isItself, requireSameChain, requireSameEnd, type TokenAccess } from './token-access.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** Creates the function that shows the text of a token again, for the kinds that stay visible to their owner. */
export function createRevealToken(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
) {
  return async function reveal(id: string, asked: Principal): Promise<string> {
    const { by } = await makers.read(asked);
    const found = await access.findVisible(id, by, 'tokens:read');
    const { record } = found;
    if (record.sealed === undefined) {
      throw new InvalidInputError('kind', `is ${record.kind}, and such a token is shown once. Rotate it for a new one`);
    }
    if (record.owner !== by.owner) throw new PermissionDeniedError(NOT_THE_OWNER);
    requireSameChain(by, found);
    // A principal that sees a token can use it, so it must not be shown a token that lasts longer than itself.
    requireSameEnd(by, found);
    const former = isItself(record, by) ? findFormer(record, by.provedBy) : undefined;
    if (former !== undefined && former.endsAt === undefined) throw new GrantNotCoveredError(BY_FORMER);
    const text = await openText(parts.sealer, record);
    if (text === undefined) throw new StoreUnavailableError(new Error(`token ${id} was sealed with another key`));
    await audit.note({ type: 'token.revealed', by, record });
    // There is no write that the store could refuse, so the principal is checked once more.
    await makers.read(by);
    return text;
  };
}

const BY_FORMER = 'a secret that ends with the first use of the next one does not show that';

const NOT_THE_OWNER = Object.freeze({
  allowed: false,
  grant: 0,
  source: 'nobody',
  rule: 'authority',
  reason: 'only its owner may see a token again',
});
