import type { Words } from '../authority/vocabulary.ts';
import { isStoreFailure, StoreUnavailableError } from '../errors.ts';
import { patiently } from '../patiently.ts';
import type { Principal } from '../principal.ts';
import type { TokenRecord } from '../token/token-store.ts';
import type { ManagementAudit } from './audit-management.ts';
import type { Makers } from './maker.ts';
import { mayEndUnseen } from './may-end-unseen.ts';
import { tellDerived } from './tell-derived.ts';
import { requireToken, type TokenAccess } from './token-access.ts';
import { type TokenInfo, toTokenInfo } from './token-info.ts';
import type { TokenManagerParts } from './token-manager-parts.ts';

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

/** Creates the functions that revoke tokens. This process denies a token before anything is written. */
export function createRevokeTokens(
  parts: TokenManagerParts,
  access: TokenAccess,
  makers: Makers,
  audit: ManagementAudit,
) {
  const { store, clock, onChange, revocations } = parts;

  /**
   * Writes the revocation, and tries again when the token was changed at the same time. What it finds to be revoked at
   * this very time, it may have written itself `again`: the answer to that was lost.
   */
  async function writeEnd(id: string, revokedAt: string, by: Principal, again: boolean): Promise<WrittenEnd> {
    // Unknown until the first attempt has had an answer.
    let wasRecorded = false;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const record = await store.find(id);
      if (record === undefined || record.revokedAt !== undefined) {
        const changed = (again || attempt > 0) && record?.revokedAt === revokedAt;
        return { record, changed, recorded: wasRecorded };
      }
      const { version } = record;
      const revoked = { ...record, revokedAt, version: version + 1 };
      const { ended, recorded } = await audit.end(
        async (transaction) => {
          // With itself as a standing token, the write waits for its turn without blocking the process.
          return (await store.update(revoked, version, [{ id, version }], transaction)) ? [revoked] : [];
        },
        () => ({ type: 'token.revoked', by, record: revoked }),
      );
      if (ended.length > 0) return { record: revoked, changed: true, recorded };
      wasRecorded = recorded;
    }
    throw new StoreUnavailableError(new Error(`token ${id} changes faster than it can be read`));
  }

  /**
   * Stores a tombstone for a token that was derived without the store. It is the token's only record, and is kept until
   * the token would have expired.
   */
  async function writeStone(stone: TokenRecord, by: Principal, again: boolean): Promise<WrittenEnd> {
    const { ended, recorded } = await audit.end(
      async (transaction) => ((await store.insert(stone, [], transaction)) ? [stone] : []),
      () => ({ type: 'token.revoked', by, record: stone }),
    );
    if (ended.length > 0) return { record: stone, changed: true, recorded };
    const record = (await store.find(stone.id)) ?? stone;
    return { record, changed: again && record.revokedAt === stone.revokedAt, recorded };
  }

  async function end(id: string, by: Principal): Promise<Revocation> {
    const revokedAt = clock().toISOString();
    const stone = isDerivedHere(id, by) ? tombstoneOf(by, revokedAt) : undefined;
    let changed = false;
    let isRecorded = true;
    let isAgain = false;
    const { record, stored } = await revocations.end(id, {
      async store() {
        const again = isAgain;
        isAgain = true;
        const written = await (stone === undefined ? writeEnd(id, revokedAt, by, again) : writeStone(stone, by, again));
        changed ||= written.changed;
        isRecorded &&= written.recorded;
        return written.record === undefined ? [] : [written.record];
      },
      async report([ended]) {
        if (!changed) return;
        await tellDerived(store, stone === undefined ? [id] : [by.tokenId], onChange, stone && id);
        if (!isRecorded && ended !== undefined) await audit.note({ type: 'token.revoked', by, record: ended });
      },
    });
    return {
      id,
      revokedAt: record?.revokedAt ?? revokedAt,
      stored,
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
      if (isStoreFailure(error) && (await mayEndUnseen(id, asked, parts))) return undefined;
      throw error;
    }
  }

  async function revoke(id: string, by: Principal): Promise<Revocation> {
    const record = await requireMayEnd(id, by);
    if (record?.revokedAt !== undefined) {
      return { id, revokedAt: record.revokedAt, stored: true, token: toTokenInfo(record, clock()) };
    }
    return end(id, by);
  }

  return {
    revoke,
    async revokeSelf(by: Principal): Promise<Revocation> {
      requireToken(by);
      return revoke(by.id, by);
    },
  };
}

/** What the store has of a revocation. */
interface WrittenEnd {
  readonly record: TokenRecord | undefined;
  /** Whether this revocation has ended it, and not one before. */
  readonly changed: boolean;
  readonly recorded: boolean;
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
