import { createTurns } from '../take-turns.ts';
import type {
  AuditBatch,
  AuditCheckpoint,
  AuditEntry,
  AuditQuery,
  AuditStore,
  SealedAuditHead,
} from './audit-store.ts';

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
  const checkpoints: AuditCheckpoint[] = [];
  let head: SealedAuditHead | undefined;
  const takeTurn = createTurns();
  let closed = false;

  function checkOpen(): void {
    if (closed) throw new Error('the audit store is closed');
  }

  function write({ entries: added, head: next, checkpoint }: AuditBatch): void {
    let last = entries.at(-1)?.seq ?? 0;
    for (const { seq } of added) {
      if (seq <= last) throw new Error(`the place of entry ${seq} is taken`);
      last = seq;
    }
    if (checkpoint !== undefined) {
      if (checkpoints.some(({ seq }) => seq === checkpoint.seq)) {
        throw new Error(`the place of checkpoint ${checkpoint.seq} is taken`);
      }
      checkpoints.push(checkpoint);
    }
    entries.push(...added);
    head = next;
  }

  async function read(query: AuditQuery): Promise<AuditEntry[]> {
    checkOpen();
    return structuredClone(select(entries, query));
  }

  return {
    append: (chain) =>
      takeTurn('log', async () => {
        checkOpen();
        const batch = structuredClone(await chain(head && structuredClone(head), read));
        checkOpen();
        write(batch);
      }),
    trim: (chain) =>
      takeTurn('log', async () => {
        checkOpen();
        const batch = structuredClone(await chain(head && structuredClone(head), read));
        checkOpen();
        if (batch === undefined) return;
        write(batch);
        const through = batch.head.start?.seq ?? 0;
        for (const kept of [entries, checkpoints]) kept.splice(0, countThrough(kept, through));
      }),
    read,
    async head() {
      checkOpen();
      return head && structuredClone(head);
    },
    async checkpoints() {
      checkOpen();
      return structuredClone(checkpoints);
    },
    async close() {
      closed = true;
      entries.length = 0;
      checkpoints.length = 0;
    },
  };
}

function select(entries: readonly AuditEntry[], query: AuditQuery): AuditEntry[] {
  const found: AuditEntry[] = [];
  for (let index = countThrough(entries, query.after ?? 0); index < entries.length; index++) {
    const entry = entries[index];
    if (entry !== undefined && fits(entry, query) && found.push(entry) === query.limit) break;
  }
  return found;
}

/** How many have that number or a lower one. */
function countThrough(numbered: readonly { readonly seq: number }[], seq: number): number {
  let [low, high] = [0, numbered.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((numbered[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fits(entry: AuditEntry, { type, actorId, rootId, project, subject, since, until }: AuditQuery): boolean {
  return (
    (type === undefined || entry.type === type) &&
    (actorId === undefined || entry.actor.id === actorId) &&
    (rootId === undefined || entry.actor.rootId === rootId) &&
    (project === undefined || entry.project === project) &&
    (subject === undefined || entry.subject === subject) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until)
  );
}
