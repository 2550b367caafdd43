import { ConflictError, InvalidGrantError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import { MAXIMUM_ACCESS_TOKEN_SECONDS } from '../settings.ts';
import { listPages } from '../store/list-pages.ts';
import type { TokenRecord } from '../store/token-store.ts';
import type { ManagementAudit } from './audit-management.ts';
import { tellDerived } from './tell-derived.ts';
import { requireAction, requireToken, type TokenAccess } from './token-access.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** Whose tokens to revoke; at least one of the two. */
export interface RevokeAllInput {
  readonly owner?: string;
  readonly project?: string;
}

const ATTEMPTS = 10;
/** For how long it is remembered that an access token was ended: far longer than any lives. */
const KEPT_MILLISECONDS = 24 * MAXIMUM_ACCESS_TOKEN_SECONDS * 1000;

/** Creates the functions that end tokens. */
export function createRevokeTokens(parts: TokenManagerParts, access: TokenAccess, audit: ManagementAudit) {
  const { store, clock, onChange } = parts;

  /** Ends a token, and says whether it was this that did. Whatever else happens to it meanwhile, it goes through. */
  async function end(id: string, by: Principal): Promise<{ readonly record: TokenRecord; readonly ended: boolean }> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { record } = await access.findVisible(id, by, 'tokens:write');
      if (record.revokedAt !== undefined) return { record, ended: false };
      const revoked = { ...record, revokedAt: clock().toISOString(), version: record.version + 1 };
      if (!(await store.update(revoked, record.version))) continue;
      onChange(id, 'revoked');
      await tellDerived(store, { parentId: id }, onChange);
      return { record: revoked, ended: true };
    }
    throw new ConflictError();
  }

  /**
   * Ends what was derived without the store: a record of its end is all that is ever kept of it, for a day if it could
   * not have lived longer.
   */
  async function endDerived(by: Principal): Promise<{ readonly record: TokenRecord; readonly ended: boolean }> {
    const record = tombstoneOf(by, clock());
    if (!(await store.insert(record))) return { record: (await store.find(record.id)) ?? record, ended: false };
    onChange(record.id, 'revoked');
    await tellDerived(store, { parentId: by.tokenId, through: record.id }, onChange);
    const longAgo = new Date(clock().getTime() - KEPT_MILLISECONDS).toISOString();
    // Tidying up is no part of the revocation, which is done.
    await store.forgetAccessTokens?.(longAgo).catch(() => undefined);
    return { record, ended: true };
  }

  async function revoke(id: string, by: Principal): Promise<TokenInfo> {
    const isDerivedHere = id === by.id && (by.kind === 'access' || by.kind === 'attenuated');
    const { record, ended } = await (isDerivedHere ? endDerived(by) : end(id, by));
    if (ended) await audit('token.revoked', by, record);
    return toTokenInfo(record, clock());
  }

  return {
    revoke,
    async revokeSelf(by: Principal): Promise<TokenInfo> {
      requireToken(by);
      return revoke(by.id, by);
    },
    async revokeAll({ owner, project }: RevokeAllInput, by: Principal): Promise<TokenInfo[]> {
      requireAction(by, 'tokens:write');
      if (owner === undefined && project === undefined) {
        throw new InvalidGrantError('owner', 'or project must say whose tokens to revoke');
      }
      const filter = { ...(owner !== undefined && { owner }), ...(project !== undefined && { project }) };
      const revoked: TokenRecord[] = [];
      for await (const page of listPages(store, filter)) {
        for (const { id, revokedAt } of await access.filterVisible(page, by)) {
          // Who revokes goes on: to end oneself, one says so.
          if (revokedAt !== undefined || by.chain.includes(id)) continue;
          const { record, ended } = await end(id, by);
          if (ended) revoked.push(record);
        }
      }
      // An audit that fails must not leave half of the tokens alive.
      for (const record of revoked) await audit('token.revoked', by, record);
      return revoked.map((record) => toTokenInfo(record, clock()));
    },
  };
}

/** No secret has a digest of this length, so that nobody can ever present it. */
const DIGEST_OF_NOTHING = '';

function tombstoneOf(by: Principal, now: Date): TokenRecord {
  const { id, kind, name, owner, project, tokenId, expiresAt } = by;
  const time = now.toISOString();
  return {
    id,
    kind: kind === 'access' ? 'access' : 'attenuated',
    name,
    digest: DIGEST_OF_NOTHING,
    parentId: tokenId,
    grant: { actions: [] },
    owner,
    ...(project !== undefined && { project }),
    createdAt: time,
    createdBy: id,
    ...(expiresAt !== undefined && { expiresAt }),
    revokedAt: time,
    version: 1,
  };
}
