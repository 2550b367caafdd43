import type { Principal } from '../principal.ts';
import type { TokenFilter } from '../store/token-store.ts';
import { createManagementAudit } from './audit-management.ts';
import { createEditToken } from './edit-token.ts';
import { createExchangeToken } from './exchange-token.ts';
import { createIssueToken } from './issue-token.ts';
import { createRevealToken } from './reveal-token.ts';
import { createRevokeTokens } from './revoke-tokens.ts';
import { createRotateToken } from './rotate-token.ts';
import { createTokenAccess, requireAction } from './token-access.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** Issues, lists, shows, edits, rotates, exchanges, reveals and revokes tokens, each within the authority of who asks. */
export function createTokenManager(parts: TokenManagerParts) {
  const { store, policy, clock } = parts;
  const access = createTokenAccess(store, policy);
  const audit = createManagementAudit(parts.audit);
  return {
    issue: createIssueToken(parts, access, audit),
    edit: createEditToken(parts, access, audit),
    rotate: createRotateToken(parts, access, audit),
    exchange: createExchangeToken(parts, audit),
    reveal: createRevealToken(parts, access, audit),
    ...createRevokeTokens(parts, access, audit),
    async list(by: Principal, filter: TokenFilter = {}): Promise<TokenInfo[]> {
      requireAction(by, 'tokens:read');
      const now = clock();
      const visible = await access.filterVisible(await store.list(filter), by);
      return visible.map((record) => toTokenInfo(record, now));
    },
    async show(id: string, by: Principal): Promise<TokenInfo> {
      const { record } = await access.findVisible(id, by, 'tokens:read');
      return toTokenInfo(record, clock());
    },
  };
}
