import type { TokenPosition, TokenRecord, TokenStore } from './token-store.ts';

/**
 * Keeps tokens in memory, for tests and for servers that forget on purpose. The reference for what a store does.
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
  let closed = false;

  function open(): Map<string, TokenRecord> {
    if (closed) throw new Error('the token store is closed');
    return records;
  }

  return {
    async insert(record) {
      if (open().has(record.id)) return false;
      records.set(record.id, structuredClone(record));
      return true;
    },
    async find(id) {
      return structuredClone(open().get(id));
    },
    async update(record, expectedVersion) {
      const current = open().get(record.id);
      if (current?.version !== expectedVersion) return false;
      const { lastUsedAt: _, ...changes } = structuredClone(record);
      records.set(
        record.id,
        current.lastUsedAt === undefined ? changes : { ...changes, lastUsedAt: current.lastUsedAt },
      );
      return true;
    },
    async list({ owner, project, parentId, after, limit }) {
      return [...open().values()]
        .filter((record) => owner === undefined || record.owner === owner)
        .filter((record) => project === undefined || record.project === project)
        .filter((record) => parentId === undefined || record.parentId === parentId)
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
    async forgetAccessTokens(before) {
      const named = new Set([...open().values()].flatMap(({ caveats = [] }) => caveats.map(({ id }) => id)));
      for (const { id, kind, createdAt } of [...records.values()]) {
        if (kind === 'access' && createdAt < before && !named.has(id)) records.delete(id);
      }
    },
    async close() {
      closed = true;
      records.clear();
    },
  };
}

function comparePlaces(left: TokenPosition, right: TokenPosition): number {
  return compare(left.createdAt, right.createdAt) || compare(left.id, right.id);
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
