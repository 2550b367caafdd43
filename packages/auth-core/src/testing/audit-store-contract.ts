import type { AuditBatch, AuditEntry, AuditQuery, AuditStore, SealedAuditHead } from '../audit/audit-store.ts';
import {
  assertEqual,
  assertRejects,
  type ContractCase,
  type ContractCheck,
  createCases,
  type StoreSetup,
} from './contract-case.ts';

/** A place for an audit log that starts empty. */
export type AuditStoreSetup = StoreSetup<AuditStore>;

/**
 * The requirements for every audit store, as data that any test framework can run. Each case sets up its own place.
 *
 * @example
 * ```ts
 * import { createMemoryAuditStore } from '@latchkey/auth-core';
 * import { auditStoreContract } from '@latchkey/auth-core/testing';
 *
 * const cases = auditStoreContract(async () => {
 *   const store = createMemoryAuditStore();
 *   return { open: async () => store, dispose: async () => undefined };
 * });
 * for (const { run } of cases) await run(); // or: for (const { name, run } of cases) it(name, run);
 * ```
 */
export function auditStoreContract(setUp: () => Promise<AuditStoreSetup>): readonly ContractCase[] {
  return createCases(CASES, setUp);
}

/** A store does not check hashes, so any text that differs each time is sufficient. */
function entryAt(seq: number, rest: Partial<AuditEntry> = {}): AuditEntry {
  const at = new Date(Date.UTC(2027, 0, 1, 0, 0, seq)).toISOString();
  return { seq, at, type: 'token.issued', actor: {}, previousHash: `hash ${seq - 1}`, hash: `hash ${seq}`, ...rest };
}

function headAt(seq: number): SealedAuditHead {
  return { seq, hash: `hash ${seq}`, seal: `seal ${seq}` };
}

function batchOf(...entries: readonly AuditEntry[]): AuditBatch {
  return { entries, head: headAt(entries.at(-1)?.seq ?? 0) };
}

/** Makes a number of entries that follow the head. */
function following(count: number, type = 'token.issued') {
  return async (head: SealedAuditHead | undefined): Promise<AuditBatch> => {
    const seq = head?.seq ?? 0;
    return batchOf(...Array.from({ length: count }, (_, index) => entryAt(seq + 1 + index, { type })));
  };
}

/** Makes one entry that follows the head, and lets the log begin after another. */
function trimmingThrough(through: number) {
  return async (head: SealedAuditHead | undefined): Promise<AuditBatch> => {
    const { entries, head: next } = await following(1, 'audit.trimmed')(head);
    return { entries, head: { ...next, start: { seq: through, hash: `hash ${through}` } } };
  };
}

async function readSeqs(store: AuditStore, query: Partial<AuditQuery> = {}): Promise<number[]> {
  return (await store.read({ limit: 1000, ...query })).map(({ seq }) => seq);
}

function countTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

const FULL = entryAt(1, {
  type: 'tool.called',
  actor: { id: 'AAAAAAAA', name: 'ci-bot', owner: 'ada', rootId: 'RRRRRRRR', address: '2001:db8::1' },
  project: 'web',
  subject: 'mcp/files write_file',
  details: { digest: 'abc', depth: [1, { two: null, half: 0.5, 'no "blank"': true }] },
});

const CASES: Readonly<Record<string, ContractCheck<AuditStore>>> = {
  async 'begins with neither entries nor a head'(store) {
    assertEqual(await readSeqs(store), []);
    assertEqual(await store.head(), undefined);
    let given: unknown = 'not called';
    await store.append(async (head) => {
      given = head;
      return following(1)(head);
    });
    assertEqual(given, undefined);
  },
  async 'keeps entries as they were appended, and leaves out what they leave out'(store) {
    const bare = entryAt(2, { details: {} });
    await store.append(async () => batchOf(FULL, bare, entryAt(3)));
    assertEqual(await store.read({ limit: 9 }), [FULL, bare, entryAt(3)]);
  },
  async 'keeps texts whatever characters they have'(store) {
    const text = `'; drop table audit_entries; -- "\\ \n\t\u0001\u007f é 漢 😀 \u2028`;
    const odd = entryAt(1, {
      type: text,
      actor: { name: text },
      project: text,
      subject: text,
      details: { [text]: text },
    });
    await store.append(async () => batchOf(odd));
    assertEqual(await store.read({ limit: 1, subject: text }), [odd]);
  },
  async 'keeps details that hold what a text of a database cannot'(store) {
    const odd = entryAt(1, { details: { text: '\u0000 \ud800 \udc00' } });
    await store.append(async () => batchOf(odd));
    assertEqual(await store.read({ limit: 1 }), [odd]);
  },
  async 'hands the head to the next writer'(store, setup) {
    const other = await setup.open();
    await store.append(following(3));
    assertEqual(await other.head(), headAt(3));
    await other.append(async (head) => {
      assertEqual(head, headAt(3));
      return following(2)(head);
    });
    assertEqual(await store.head(), headAt(5));
    assertEqual(await readSeqs(store), countTo(5));
  },
  async 'writes nothing when no batch can be made'(store) {
    await store.append(following(1));
    await assertRejects(() => store.append(() => Promise.reject(new Error('no batch'))));
    assertEqual(await store.head(), headAt(1));
    await store.append(following(1));
    assertEqual(await readSeqs(store), [1, 2]);
  },
  async 'writes nothing when one place is taken'(store) {
    await store.append(following(2));
    await assertRejects(() => store.append(async () => batchOf(entryAt(3), entryAt(2))));
    await assertRejects(() => store.append(async () => batchOf(entryAt(3), entryAt(3))));
    await assertRejects(() => store.append(async () => batchOf(entryAt(1, { type: 'replaced' }))));
    assertEqual(await store.head(), headAt(2));
    assertEqual(await store.read({ limit: 9 }), [entryAt(1), entryAt(2)]);
  },
  async 'takes a batch of 500'(store) {
    await store.append(following(500));
    assertEqual(await readSeqs(store), countTo(500));
  },
  async 'appends 200 batches at once without a gap or a fork'(store, setup) {
    const other = await setup.open();
    const batches = Array.from({ length: 200 }, (_, index) =>
      (index % 2 ? store : other).append(following(1 + (index % 3), `writer ${index}`)),
    );
    await Promise.all(batches);
    const entries = await store.read({ limit: 1000 });
    assertEqual(
      entries.map(({ seq }) => seq),
      countTo(399),
    );
    // The entries of each batch are consecutive.
    const changes = entries.filter(({ type }, index) => type !== entries[index - 1]?.type);
    assertEqual(changes.length, 200);
    assertEqual(await other.head(), headAt(399));
  },
  async 'shows no entry of which the head does not know'(store, setup) {
    const other = await setup.open();
    let running = true;
    const appending = Promise.all(Array.from({ length: 20 }, () => store.append(following(5)))).finally(() => {
      running = false;
    });
    try {
      for (let last = false; !last; ) {
        last = !running;
        const seqs = await readSeqs(other);
        const head = (await other.head())?.seq ?? 0;
        assertEqual(seqs, countTo(seqs.length));
        assertEqual([seqs.length % 5, head % 5, seqs.length <= head], [0, 0, true]);
      }
    } finally {
      // A case that fails leaves nothing running behind it.
      await Promise.allSettled([appending]);
    }
    await appending;
  },
  async 'lets a batch be made of what there is, before anything is written'(store) {
    await store.append(following(3));
    let seen: number[] = [];
    await store.append(async (head, read) => {
      seen = (await read({ limit: 9, after: 1 })).map(({ seq }) => seq);
      return following(1)(head);
    });
    assertEqual(seen, [2, 3]);
    await store.trim(async (_, read) => {
      seen = (await read({ limit: 2 })).map(({ seq }) => seq);
      return undefined;
    });
    assertEqual(seen, [1, 2]);
  },
  async 'keeps the checkpoint of a batch, once'(store, setup) {
    const other = await setup.open();
    assertEqual(await store.checkpoints(), []);
    const checkpoint = { seq: 2, hash: 'hash 2', seal: 'seal of 2' };
    await store.append(async (head) => ({ ...(await following(2)(head)), checkpoint }));
    await store.append(async (head) => ({ ...(await following(9)(head)), checkpoint: { ...checkpoint, seq: 11 } }));
    const kept = [checkpoint, { ...checkpoint, seq: 11 }];
    assertEqual(await other.checkpoints(), kept);
    await assertRejects(() => store.append(async (head) => ({ ...(await following(1)(head)), checkpoint })));
    assertEqual(await store.checkpoints(), kept);
    assertEqual(await store.head(), headAt(11));
  },
  async 'removes up to the start of the new head, when it is trimmed'(store, setup) {
    const other = await setup.open();
    for (let index = 0; index < 3; index++) {
      await store.append(async (head) => {
        const batch = await following(2)(head);
        return { ...batch, checkpoint: batch.head };
      });
    }
    await store.trim(trimmingThrough(4));
    assertEqual(await readSeqs(other), [5, 6, 7]);
    assertEqual(await other.head(), { ...headAt(7), start: { seq: 4, hash: 'hash 4' } });
    assertEqual(await other.checkpoints(), [headAt(6)]);
    await other.append(async (head) => {
      const { start } = head ?? {};
      const batch = await following(1)(head);
      return { ...batch, head: { ...batch.head, ...(start !== undefined && { start }) } };
    });
    assertEqual(await store.head(), { ...headAt(8), start: { seq: 4, hash: 'hash 4' } });
    assertEqual(await readSeqs(store, { type: 'audit.trimmed' }), [7]);
  },
  async 'changes nothing when there is nothing to trim, or no batch can be made'(store) {
    await store.append(following(3));
    await store.trim(async () => undefined);
    await assertRejects(() => store.trim(() => Promise.reject(new Error('no batch'))));
    await assertRejects(() => store.trim(async () => batchOf(entryAt(3))));
    assertEqual(await store.head(), headAt(3));
    assertEqual(await readSeqs(store), [1, 2, 3]);
  },
  async 'trims while others append, without a gap'(store, setup) {
    const other = await setup.open();
    await store.append(following(20));
    const keepStart = async (head: SealedAuditHead | undefined): Promise<AuditBatch> => {
      const batch = await following(2)(head);
      return { ...batch, head: { ...batch.head, ...(head?.start !== undefined && { start: head.start }) } };
    };
    await Promise.all(
      countTo(30).map((index) => (index % 3 ? other.append(keepStart) : store.trim(trimmingThrough(index / 3)))),
    );
    const seqs = await readSeqs(store);
    assertEqual(
      seqs,
      countTo(70).filter((seq) => seq > 10),
    );
    assertEqual((await store.head())?.seq, 70);
  },
  async 'reads page by page, the lowest first'(store) {
    for (let index = 0; index < 4; index++) await store.append(following(3));
    assertEqual(await readSeqs(store, { limit: 5 }), [1, 2, 3, 4, 5]);
    assertEqual(await readSeqs(store, { limit: 5, after: 5 }), [6, 7, 8, 9, 10]);
    assertEqual(await readSeqs(store, { limit: 5, after: 10 }), [11, 12]);
    assertEqual(await readSeqs(store, { limit: 5, after: 12 }), []);
  },
  async 'reads what fits all that is asked for'(store) {
    const mine = { actor: { id: 'AAAAAAAA', rootId: 'RRRRRRRR' }, project: 'web', subject: 'CCCCCCCC' };
    const theirs = { actor: { id: 'RRRRRRRR', rootId: 'AAAAAAAA' }, project: 'WEB', subject: 'cccccccc' };
    const entries = [entryAt(1, mine), entryAt(2, theirs), entryAt(3), entryAt(4, { ...mine, type: 'token.revoked' })];
    await store.append(async () => batchOf(...entries));
    const asked: [Partial<AuditQuery>, number[]][] = [
      [{ type: 'token.revoked' }, [4]],
      [{ actorId: 'AAAAAAAA' }, [1, 4]],
      [{ rootId: 'AAAAAAAA' }, [2]],
      [{ project: 'web' }, [1, 4]],
      [{ subject: 'CCCCCCCC' }, [1, 4]],
      [{ subject: '' }, []],
      [{ since: entryAt(2).at }, [2, 3, 4]],
      [{ until: entryAt(2).at }, [1]],
      [{ since: entryAt(1).at, until: entryAt(4).at, project: 'web' }, [1]],
      [{ actorId: 'AAAAAAAA', after: 1 }, [4]],
      [{ actorId: 'AAAAAAAA', limit: 1 }, [1]],
    ];
    for (const [query, seqs] of asked) assertEqual(await readSeqs(store, query), seqs);
  },
  async 'keeps its own copy of what goes in and comes out'(store) {
    const mine = structuredClone(FULL);
    await store.append(async () => batchOf(mine));
    Object.assign(mine.details ?? {}, { digest: 'changed' });
    Object.assign((await store.read({ limit: 1 }))[0]?.details ?? {}, { digest: 'changed' });
    Object.assign((await store.head()) ?? {}, { seq: 9 });
    assertEqual(await store.read({ limit: 1 }), [FULL]);
    assertEqual(await store.head(), headAt(1));
  },
  async 'rejects once it is closed'(store) {
    await store.append(following(1));
    await store.close();
    await assertRejects(() => store.append(following(1)));
    await assertRejects(() => store.read({ limit: 1 }));
    await assertRejects(() => store.head());
    await assertRejects(() => store.trim(following(1)));
    await assertRejects(() => store.checkpoints());
  },
};
