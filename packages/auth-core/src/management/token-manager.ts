import { InvalidInputError, TokenNotFoundError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { listPages } from '../token/list-pages.ts';
import type { TokenFilter, TokenPosition } from '../token/token-store.ts';
import { createManagementAudit } from './audit-management.ts';
import { createDeleteToken } from './delete-token.ts';
import { createEditToken } from './edit-token.ts';
import { createExchangeToken } from './exchange-token.ts';
import { createIssueToken } from './issue-token.ts';
import { createMakers } from './maker.ts';
import { createRevealToken } from './reveal-token.ts';
import { createRevokeAll } from './revoke-all.ts';
import { createRevokeTokens } from './revoke-tokens.ts';
import { createRotateToken } from './rotate-token.ts';
import { createTokenAccess, requireAction } from './token-access.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import { readFilter } from './token-input.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';
import { readPlace } from './token-place.ts';

/** Which tokens to list, and which part of them. */
export interface TokenListing extends TokenFilter {
  /**
   * A listed token, or its place: only the tokens after it are returned, whatever has become of it meanwhile. Its id
   * alone is enough for as long as the caller may see it.
   */
  readonly after?: string | TokenPosition;
  /** The most tokens to return, at least 1; all of them when left out. */
  readonly limit?: number;
}

/** Issues, lists, shows, edits, rotates, exchanges, reveals and revokes tokens, within the authority of the caller. */
export function createTokenManager(parts: TokenManagerParts) {
  const { vocabulary, store, policy, clock } = parts;
  const access = createTokenAccess(store, policy, vocabulary);
  const makers = createMakers(parts);
  const audit = createManagementAudit(parts.audit, store, parts.revocations);
  async function findPlace(after: string | TokenPosition, by: Principal): Promise<TokenPosition> {
    const place = readPlace(after);
    if (place !== undefined) return place;
    const id = String(after);
    try {
      return (await access.findVisible(id, by, 'tokens:read')).record;
    } catch (error) {
      if (!(error instanceof TokenNotFoundError)) throw error;
      throw new InvalidInputError('after', 'must be the id of a token that was listed');
    }
  }

  return {
    ...createIssueToken(parts, access, makers, audit),
    edit: createEditToken(parts, access, makers, audit),
    rotate: createRotateToken(parts, access, makers, audit),
    exchange: createExchangeToken(parts, makers, audit),
    reveal: createRevealToken(parts, access, makers, audit),
    remove: createDeleteToken(parts, access, makers, audit),
    refresh: async (by: Principal) => (await makers.read(by)).by,
    ...createRevokeTokens(parts, access, makers, audit),
    revokeAll: createRevokeAll(parts, access, makers, audit),
    async list(asked: Principal, listing: TokenListing = {}): Promise<TokenInfo[]> {
      const { by } = await makers.read(asked);
      requireAction(by, 'tokens:read');
      const { after, limit = Number.POSITIVE_INFINITY, ...filter } = listing;
      checkLimit(limit);
      const place = after === undefined ? undefined : await findPlace(after, by);
      const now = clock();
      const listed: TokenInfo[] = [];
      for await (const page of listPages(store, readFilter(filter), place)) {
        const visible = await access.filterVisible(page, by);
        for (const record of visible.slice(0, limit - listed.length)) listed.push(toTokenInfo(record, now));
        if (listed.length >= limit) break;
      }
      return listed;
    },
    async show(id: string, asked: Principal): Promise<TokenInfo> {
      const { by } = await makers.read(asked);
      const { record } = await access.findVisible(id, by, 'tokens:read');
      return toTokenInfo(record, clock());
    },
  };
}

function checkLimit(limit: number): void {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 1)) return;
  throw new InvalidInputError('limit', 'must be a whole number from 1');
}
