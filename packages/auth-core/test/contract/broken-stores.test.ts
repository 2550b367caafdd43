import { describe, expect, it } from 'vitest';
import { createMemoryTokenStore, type TokenRecord, type TokenStore } from '../../src/index.ts';
import { tokenStoreContract } from '../../src/testing/index.ts';

/** Stores that break one promise each, and the case of the contract that must notice. */
const BROKEN: [notice: string, change: (store: TokenStore) => Partial<TokenStore>][] = [
  ['finds a token as it was inserted', ({ find }) => ({ find: async (id) => withoutProject(await find(id)) })],
  ['leaves out what a token leaves out', ({ find }) => ({ find: async (id) => withNull(await find(id)) })],
  ['finds nothing under an id that nobody has', ({ find }) => ({ find: (id) => find(id.toUpperCase()) })],
  ['refuses a second token with the same id', () => ({ insert: async () => true })],
  [
    'leaves a token alone that has another version',
    ({ update, find }) => ({
      update: async (record) => update(record, (await find(record.id))?.version ?? 0),
    }),
  ],
  ['updates no token that is not there', () => ({ update: async () => true })],
  [
    'lists the oldest first, and by id where they are equally old',
    ({ list }) => ({ list: async (filter) => (await list(filter)).reverse() }),
  ],
  ['lists by owner and by project', ({ list }) => ({ list: () => list({}) })],
  ['notes the last use and nothing else', () => ({ touch: async () => undefined })],
  ['rejects once it is closed', () => ({ close: async () => undefined })],
];

function withoutProject(record: TokenRecord | undefined): TokenRecord | undefined {
  if (record === undefined) return undefined;
  const { project: _, ...rest } = record;
  return rest;
}

function withNull(record: TokenRecord | undefined): TokenRecord | undefined {
  return record && { ...record, project: record.project ?? (undefined as never) };
}

describe('the contract of token stores', () => {
  it.each(BROKEN)('notices a store that breaks: %s', async (notice, change) => {
    const cases = tokenStoreContract(async () => {
      const store = createMemoryTokenStore();
      const broken = { ...store, ...change(store) };
      return { open: async () => broken, dispose: () => store.close() };
    });
    await expect(cases.find(({ name }) => name === notice)?.run()).rejects.toThrow();
  });
});
