import { createTurns } from '../take-turns.ts';
import type { StandingToken, StoredKeys, TokenPosition, TokenRecord, TokenStore } from './token-store.ts';

/**
 * Keeps tokens in memory, for tests and for servers without persistent tokens. The reference implementation of a store.
 *
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * await auth.close();
 * ```
 */
export function createMemoryTokenStore(): TokenStore {
  const records = new Map<string, TokenRecord>();
  /** New tokens wait while others are chosen to be ended. */
  const takeTurn = createTurns();
  let keys: StoredKeys | undefined;
  let closed = false;

  function open(): Map<string, TokenRecord> {
    if (closed) throw new Error('the token store is closed');
    return records;
  }

  function stand(standing: readonly StandingToken[]): boolean {
    return standing.every(({ id, version }) => records.get(id)?.version === version);
  }

  /** The tokens that were derived directly from a token. */
  function childrenOf(parentId: string): TokenRecord[] {
    return [...records.values()].filter((record) => record.parentId === parentId);
  }

  function removeFamily(id: string): void {
    records.delete(id);
    for (const child of childrenOf(id)) removeFamily(child.id);
  }

  async function find(id: string): Promise<TokenRecord | undefined> {
    return structuredClone(open().get(id));
  }

  return {
    insert: (record, standing = []) =>
      takeTurn(INSERTS, async () => {
        if (open().has(record.id) || !stand(standing)) return false;
        records.set(record.id, structuredClone(record));
        return true;
      }),
    find,
    async update(record, expectedVersion, standing = []) {
      const current = open().get(record.id);
      if (current?.version !== expectedVersion || !stand(standing)) return false;
      const { lastUsedAt: _, ...changes } = structuredClone(record);
      records.set(
        record.id,
        current.lastUsedAt === undefined ? changes : { ...changes, lastUsedAt: current.lastUsedAt },
      );
      return true;
    },
    async remove(id, expectedVersion, standing = []) {
      if (open().get(id)?.version !== expectedVersion || !stand(standing)) return false;
      removeFamily(id);
      return true;
    },
    endAll: ({ owner, project, except, revokedAt }, choose) =>
      takeTurn(INSERTS, async () => {
        const standing = [...open().values()]
          .filter((record) => record.revokedAt === undefined && !except.includes(record.id))
          .filter((record) => owner === undefined || record.owner === owner)
          .filter((record) => project === undefined || record.project === project)
          .sort(comparePlaces)
          .map((record) => structuredClone(record));
        const chosen = choose === undefined ? standing.map(({ id }) => id) : await choose(standing, find);
        return chosen.flatMap((id) => {
          const record = open().get(id);
          if (record === undefined || record.revokedAt !== undefined) return [];
          const ended = { ...record, revokedAt, version: record.version + 1 };
          records.set(id, ended);
          return [structuredClone(ended)];
        });
      }),
    async countDerived({ parentId, through, createdBy, at, limit }) {
      open();
      const counted = childrenOf(parentId)
        .filter((record) => isLive(record, at))
        .filter(({ caveats = [] }) => through === undefined || caveats.some(({ id }) => id === through))
        .filter((record) => createdBy === undefined || record.createdBy === createdBy);
      // The list grows during the loop: the children of each token are visited too.
      for (const { id } of counted) {
        if (createdBy !== undefined || counted.length >= limit) break;
        counted.push(...childrenOf(id).filter((record) => isLive(record, at)));
      }
      return Math.min(counted.length, limit);
    },
    async list({ owner, project, parentId, parentIds, after, limit }) {
      return [...open().values()]
        .filter((record) => owner === undefined || record.owner === owner)
        .filter((record) => project === undefined || record.project === project)
        .filter((record) => parentId === undefined || record.parentId === parentId)
        .filter((record) => parentIds === undefined || parentIds.includes(record.parentId ?? ''))
        .filter((record) => after === undefined || comparePlaces(record, after) > 0)
        .sort(comparePlaces)
        .slice(0, limit)
        .map((record) => structuredClone(record));
    },
    async touch(lastUsed) {
      for (const [id, lastUsedAt] of lastUsed) {
        const current = open().get(id);
        if (current === undefined || (current.lastUsedAt ?? '') >= lastUsedAt) continue;
        records.set(id, { ...current, lastUsedAt });
      }
    },
    async forgetEnded(before) {
      const named = new Set([...open().values()].flatMap(({ caveats = [] }) => caveats.map(({ id }) => id)));
      for (const record of [...records.values()]) {
        if (record.parentId !== undefined && !named.has(record.id) && hasEnded(record, before))
          records.delete(record.id);
      }
      for (const { id, parentId } of [...records.values()]) {
        if (parentId !== undefined && !records.has(parentId)) removeFamily(id);
      }
    },
    async readKeys() {
      open();
      return structuredClone(keys);
    },
    async replaceKeys(next, expectedVersion) {
      open();
      if ((keys?.version ?? 0) !== expectedVersion) return false;
      keys = structuredClone(next);
      return true;
    },
    async close() {
      closed = true;
      records.clear();
    },
  };
}

const INSERTS = 'inserts';

function isLive({ revokedAt, expiresAt }: TokenRecord, at: string): boolean {
  return revokedAt === undefined && (expiresAt === undefined || at < expiresAt);
}

/** A tombstone must be kept until the token that it revokes has expired. */
function hasEnded({ kind, revokedAt, expiresAt }: TokenRecord, before: string): boolean {
  const isStone = kind === 'attenuated' || kind === 'access';
  return (expiresAt !== undefined && expiresAt < before) || (!isStone && revokedAt !== undefined && revokedAt < before);
}

function comparePlaces(left: TokenPosition, right: TokenPosition): number {
  return compare(left.createdAt, right.createdAt) || compare(left.id, right.id);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
