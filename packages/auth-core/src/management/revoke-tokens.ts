import type { Words } from '../authority/vocabulary.ts';
import { InvalidInputError, StoreUnavailableError } from '../errors.ts';
import { patiently } from '../patiently.ts';
import type { Principal } from '../principal.ts';
import { listPages } from '../token/list-pages.ts';
import type { TokenRecord } from '../token/token-store.ts';
import type { ManagementAudit } from './audit-management.ts';
import type { Makers } from './maker.ts';
import { mayEndUnseen } from './may-end-unseen.ts';
import { tellDerived } from './tell-derived.ts';
import { requireAction, requireToken, type TokenAccess } from './token-access.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import { checkOptions } from './token-input.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

/** The owner or the project whose tokens to revoke; at least one of the two is needed. */
export interface RevokeAllInput {
  readonly owner?: string;
  readonly project?: string;
}

/** The result of revoking a token. */
export interface Revocation<W extends Words = Words> {
  readonly id: string;
  /** RFC 3339. */
  readonly revokedAt: string;
  /**
   * Whether the revocation is stored. If not, this process denies the token and all that was derived from it, and
   * stores the revocation as soon as the store answers; until then, other processes on the store still accept the
   * token.
   */
  readonly stored: boolean;
  /** The token's record; absent when the store did not answer. */
  readonly token?: TokenInfo<W>;
}

const ATTEMPTS = 10;
/** How long to wait for the store to decide whether a caller may revoke a token, before recent knowledge decides. */
const PATIENCE_MILLISECONDS = 500;
/** How many times to look for tokens that were made while others were being revoked. */
const PASSES = 10;

/** Creates the functions that revoke tokens. This process denies a token before anything is written. */
export function createRevokeTokens(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
) {
  const { store, clock, onChange, revocations } = parts;

  /** Writes the revocation, and tries again when the token was changed at the same time. */
  async function writeEnd(
    id: string,
    revokedAt: string,
  ): Promise<{ record: TokenRecord; changed: boolean } | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const record = await store.find(id);
      if (record === undefined) return undefined;
      if (record.revokedAt !== undefined) return { record, changed: false };
      const { version } = record;
      const revoked = { ...record, revokedAt, version: version + 1 };
      // With itself as a standing token, the write waits for its turn without blocking the process.
      if (await store.update(revoked, version, [{ id, version }])) return { record: revoked, changed: true };
    }
    throw new StoreUnavailableError(new Error(`token ${id} changes faster than it can be read`));
  }

  /**
   * Stores a tombstone for a token that was derived without the store. It is the token's only record, and is kept until
   * the token would have expired.
   */
  async function writeStone(stone: TokenRecord): Promise<{ record: TokenRecord; changed: boolean }> {
    if (await store.insert(stone)) return { record: stone, changed: true };
    return { record: (await store.find(stone.id)) ?? stone, changed: false };
  }

  async function end(id: string, by: Principal): Promise<Revocation & { readonly changed: boolean }> {
    const revokedAt = clock().toISOString();
    const stone = isDerivedHere(id, by) ? tombstoneOf(by, revokedAt) : undefined;
    let changed = false;
    const { record, stored } = await revocations.end(id, {
      async store() {
        const written = await (stone === undefined ? writeEnd(id, revokedAt) : writeStone(stone));
        changed ||= written?.changed ?? false;
        return written?.record;
      },
      async report(ended) {
        if (!changed) return;
        const derived = stone === undefined ? { parentId: id } : { parentId: by.tokenId, through: id };
        await tellDerived(store, derived, onChange);
        await audit.note({ type: 'token.revoked', by, record: ended });
      },
    });
    return {
      id,
      revokedAt: record?.revokedAt ?? revokedAt,
      stored,
      changed: changed || !stored,
      ...(record !== undefined && { token: toTokenInfo(record, clock()) }),
    };
  }

  /**
   * The stored token, after a check that the caller may revoke it. When the store does not answer, what was verified
   * within the last minute decides, and the result is undefined.
   */
  async function requireMayEnd(id: string, asked: Principal): Promise<TokenRecord | undefined> {
    // A caller may always revoke its own token, so the store is not asked.
    if (id === asked.id) return undefined;
    try {
      return await patiently(async () => {
        const { by } = await makers.read(asked);
        return (await access.findVisible(id, by, 'tokens:write')).record;
      }, PATIENCE_MILLISECONDS);
    } catch (error) {
      if (error instanceof StoreUnavailableError && (await mayEndUnseen(id, asked, parts))) return undefined;
      throw error;
    }
  }

  async function revoke(id: string, by: Principal): Promise<Revocation> {
    const record = await requireMayEnd(id, by);
    if (record?.revokedAt !== undefined) {
      return { id, revokedAt: record.revokedAt, stored: true, token: toTokenInfo(record, clock()) };
    }
    const { changed: _, ...revocation } = await end(id, by);
    return revocation;
  }

  return {
    revoke,
    async revokeSelf(by: Principal): Promise<Revocation> {
      requireToken(by);
      return revoke(by.id, by);
    },
    async revokeAll(input: RevokeAllInput, asked: Principal): Promise<Revocation[]> {
      checkOptions('revokeAll', input, ['owner', 'project'] satisfies readonly (keyof RevokeAllInput)[]);
      const { owner, project } = input;
      const { by } = await makers.read(asked);
      requireAction(by, 'tokens:write');
      if (owner === undefined && project === undefined) {
        throw new InvalidInputError('owner', 'or project must say whose tokens to revoke');
      }
      const filter = { ...(owner !== undefined && { owner }), ...(project !== undefined && { project }) };
      const revoked: Revocation[] = [];
      // A token that is being revoked may make another one at the same time; the next pass finds it.
      for (let pass = 0, found = true; found && pass < PASSES; pass++) {
        found = false;
        for await (const page of listPages(store, filter)) {
          const left = (await access.filterVisible(page, by)).filter(
            // The caller's own token and its ancestors are skipped: a caller revokes its own token by its id.
            ({ id, revokedAt }) => revokedAt === undefined && !by.chain.includes(id) && !parts.isEnded(id),
          );
          // All of them are denied here before the store has written the first.
          for (const { changed, ...revocation } of await Promise.all(left.map(({ id }) => end(id, by)))) {
            if (!changed) continue;
            found = true;
            revoked.push(revocation);
          }
        }
      }
      return revoked;
    },
  };
}

/** Whether a principal revokes itself and is a token that the store has no record of. */
function isDerivedHere(id: string, by: Principal): boolean {
  return id === by.id && (by.kind === 'access' || by.kind === 'attenuated');
}

/** No secret has a digest of this length, so no presented secret can match it. */
const DIGEST_OF_NOTHING = '';

function tombstoneOf(by: Principal, time: string): TokenRecord {
  const { id, kind, name, owner, project, tokenId, expiresAt } = by;
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
