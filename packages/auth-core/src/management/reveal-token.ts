import { GrantNotCoveredError, InvalidGrantError, PermissionDeniedError, StoreUnavailableError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { openText } from '../token/token-secrets.ts';
import type { ManagementAudit } from './audit-management.ts';
import type { Makers } from './maker.ts';
import { isItself, requireSameChain, requireSameEnd, type TokenAccess } from './token-access.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** Creates the function that shows a token again, of a kind that stays visible to its owner. */
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
      throw new InvalidGrantError('kind', `is ${record.kind}, and such a token is shown once. Rotate it for a new one`);
    }
    if (record.owner !== by.owner) throw new PermissionDeniedError(NOT_THE_OWNER);
    requireSameChain(by, found);
    // Who sees a token has it, so one that ends must not show one that goes on.
    requireSameEnd(by, found);
    // The use of the present secret has ended such an overlap, so it is the former one that asks.
    const awaitsFirstUse = record.previous !== undefined && record.previous.endsAt === undefined;
    if (isItself(record, by) && awaitsFirstUse) throw new GrantNotCoveredError(BY_FORMER);
    const text = await openText(parts.sealer, record);
    if (text === undefined) throw new StoreUnavailableError(new Error(`token ${id} was sealed with another key`));
    await audit.note({ type: 'token.revealed', by, record });
    // Nothing is written that could stand or fall with it, so it is looked at once more.
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
