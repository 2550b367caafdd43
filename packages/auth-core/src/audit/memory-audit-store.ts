import type { AuditEntry, AuditQuery, AuditStore, SealedAuditHead } from './audit-store.ts';

/**
 * Keeps an audit log in memory, for tests and for servers that forget on purpose. The reference for what a store does.
 *
 * @example
 * ```ts
 * import { createAuditLog, createMemoryAuditStore } from '@latchkey/auth-core';
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const log = createAuditLog({ store: createMemoryAuditStore(), key });
 * await log.close();
 * ```
 */
export function createMemoryAuditStore(): AuditStore {
  const entries: AuditEntry[] = [];
  let head: SealedAuditHead | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new Error('the audit store is closed');
  }

  return {
    append(chain) {
      const appended = turn.then(async () => {
        checkOpen();
        const batch = structuredClone(await chain(head));
        checkOpen();
        let last = entries.at(-1)?.seq ?? 0;
        for (const { seq } of batch.entries) {
          if (seq <= last) throw new Error(`the place of entry ${seq} is taken`);
          last = seq;
        }
        entries.push(...batch.entries);
        head = batch.head;
      });
      turn = appended.catch(() => undefined);
      return appended;
    },
    async read(query) {
      checkOpen();
      return structuredClone(entries.filter((entry) => fits(entry, query)).slice(0, query.limit));
    },
    async head() {
      checkOpen();
      return head && { ...head };
    },
    async close() {
      closed = true;
      entries.length = 0;
    },
  };
}

function fits(
  entry: AuditEntry,
  { after, type, actorId, rootId, project, subject, since, until }: AuditQuery,
): boolean {
  return (
    (after === undefined || entry.seq > after) &&
    (type === undefined || entry.type === type) &&
    (actorId === undefined || entry.actor.id === actorId) &&
    (rootId === undefined || entry.actor.rootId === rootId) &&
    (project === undefined || entry.project === project) &&
    (subject === undefined || entry.subject === subject) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until)
  );
}
