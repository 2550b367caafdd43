import { describe, expect, it } from 'vitest';
import { type AuditBatch, type AuditEntry, type AuditStore, createMemoryAuditStore } from '../../src/index.ts';
import { auditStoreContract } from '../../src/testing/index.ts';

const ignored = async () => undefined;

/** Stores that break one promise each, and the case of the contract that must notice. */
const BROKEN: [notice: string, change: (store: AuditStore) => Partial<AuditStore>][] = [
  [
    'begins with neither entries nor a head',
    ({ append }) => ({
      append: (chain) => append((head, read) => chain(head ?? { seq: 0, hash: '', seal: '' }, read)),
    }),
  ],
  [
    'keeps entries as they were appended, and leaves out what they leave out',
    readWith((entry) => ({ ...entry, details: entry.details ?? {} })),
  ],
  [
    'keeps texts whatever characters they have',
    readWith((entry) => ({ ...entry, type: entry.type.replaceAll('\u0001', '') })),
  ],
  [
    'keeps details that hold what a text of a database cannot',
    readWith((entry) => JSON.parse(JSON.stringify(entry).replaceAll('\\u0000', ''))),
  ],
  ['hands the head to the next writer', () => ({ head: ignored })],
  [
    'writes nothing when no batch can be made',
    ({ append }) => ({
      append: (chain) =>
        append((head, read) => chain(head, read).catch(() => ({ entries: [], head: { seq: 0, hash: '', seal: '' } }))),
    }),
  ],
  ['writes nothing when one place is taken', ({ append }) => ({ append: (chain) => append(chain).catch(ignored) })],
  [
    'takes a batch of 500',
    ({ append }) => ({
      append: (chain) =>
        append(async (head, read) => {
          const batch = await chain(head, read);
          return { ...batch, entries: batch.entries.slice(0, 499) };
        }),
    }),
  ],
  [
    'appends 200 batches at once without a gap or a fork',
    ({ append, head }) => ({
      // Looks at the head first, and appends later to what it was then.
      async append(chain) {
        const then = await head();
        await append((_, read) => chain(then, read));
      },
    }),
  ],
  ['shows no entry of which the head does not know', lagBehind],
  [
    'lets a batch be made of what there is, before anything is written',
    ({ append }) => ({ append: (chain) => append((head) => chain(head, async () => [])) }),
  ],
  [
    'keeps the checkpoint of a batch, once',
    ({ append }) => ({
      append: (chain) =>
        append(async (head, read) => {
          const { checkpoint: _, ...batch } = await chain(head, read);
          return batch;
        }),
    }),
  ],
  ['removes up to the start of the new head, when it is trimmed', ({ append }) => ({ trim: trimBy(append) })],
  [
    'changes nothing when there is nothing to trim, or no batch can be made',
    ({ trim }) => ({ trim: (chain) => trim(chain).catch(ignored) }),
  ],
  [
    'trims while others append, without a gap',
    ({ append, trim }) => ({
      // Takes the last entry away after the fact.
      async trim(chain) {
        let appended = false;
        await trim(async (head, read) => {
          appended = (await chain(head, read)) !== undefined;
          return undefined;
        });
        if (appended) await append(async (head, read) => (await chain(head, read)) as AuditBatch);
      },
    }),
  ],
  ['reads page by page, the lowest first', readWith((entry) => entry, { reversed: true })],
  ['reads what fits all that is asked for', ({ read }) => ({ read: ({ rootId: _, ...query }) => read(query) })],
  ['keeps its own copy of what goes in and comes out', rememberRead],
  ['rejects once it is closed', () => ({ close: ignored })],
];

/** Moves the start, and removes nothing. */
function trimBy(append: AuditStore['append']): AuditStore['trim'] {
  return (chain) => append(async (head, read) => (await chain(head, read)) as AuditBatch);
}

function readWith(change: (entry: AuditEntry) => AuditEntry, { reversed = false } = {}) {
  return ({ read }: AuditStore): Partial<AuditStore> => ({
    async read(query) {
      const entries = (await read(query)).map(change);
      return reversed ? entries.reverse() : entries;
    },
  });
}

/** Has a head that knows of all entries but the last five. */
function lagBehind({ head }: AuditStore): Partial<AuditStore> {
  return {
    async head() {
      const now = await head();
      return now && { ...now, seq: now.seq - 5 };
    },
  };
}

/** Reads once, and gives the same entries to everybody. */
function rememberRead({ read }: AuditStore): Partial<AuditStore> {
  let entries: Promise<AuditEntry[]> | undefined;
  return {
    read(query) {
      entries ??= read(query);
      return entries;
    },
  };
}

describe('the contract of audit stores', () => {
  it('is broken in each of its cases by some store', () => {
    const names = auditStoreContract(async () => Promise.reject()).map(({ name }) => name);
    expect(BROKEN.map(([notice]) => notice)).toEqual(names);
  });

  it.each(BROKEN)('notices a store that breaks: %s', async (notice, change) => {
    const cases = auditStoreContract(async () => {
      const store = createMemoryAuditStore();
      const broken = { ...store, ...change(store) };
      return { open: async () => broken, dispose: () => store.close() };
    });
    await expect(cases.find(({ name }) => name === notice)?.run()).rejects.toThrow();
  });
});
