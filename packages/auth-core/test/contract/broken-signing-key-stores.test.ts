import { describe, expect, it } from 'vitest';
import { createMemorySigningKeyStore, type SigningKeyStore } from '../../src/jwt/index.ts';
import { signingKeyStoreContract } from '../../src/testing/index.ts';

/** Stores that break one promise each, and the case of the contract that must notice. */
const BROKEN: [notice: string, change: (store: SigningKeyStore) => Partial<SigningKeyStore>][] = [
  [
    'starts without a key',
    () => ({
      list: async () => [{ sequence: 1, kid: 'left over', sealed: '', createdAt: '2027-01-01T00:00:00.000Z' }],
    }),
  ],
  [
    'lists the keys as they were inserted, the oldest first',
    ({ list }) => ({
      list: async () => (await list()).sort((left, right) => (`${left.sequence}` < `${right.sequence}` ? -1 : 1)),
    }),
  ],
  ['refuses a second key with the same sequence', () => ({ insert: async () => true })],
  ['lets one of many next keys in', overwrite],
  ['removes the named keys, and no others', ({ list, remove }) => ({ remove: removeAll(list, remove) })],
  ['replaces what is sealed of a key, if it has the update, and of no other', () => ({ update: async () => true })],
  ['shows a completed change to every connection', () => ({ remove: async () => undefined })],
  ['keeps its own copy of what goes in and comes out', keepReferences],
  ['rejects once it is closed', () => ({ close: async () => undefined })],
];

/** Looks first, and writes later, whoever has written since. */
function overwrite({ list, insert, remove }: SigningKeyStore): Partial<SigningKeyStore> {
  return {
    async insert(record) {
      if ((await list()).some(({ sequence }) => sequence === record.sequence)) return false;
      const [, inserted] = await Promise.all([remove([record.sequence]), insert(record)]);
      return inserted;
    },
  };
}

function removeAll(list: SigningKeyStore['list'], remove: SigningKeyStore['remove']): SigningKeyStore['remove'] {
  return async () => remove((await list()).map(({ sequence }) => sequence));
}

function keepReferences(): Partial<SigningKeyStore> {
  const records: Awaited<ReturnType<SigningKeyStore['list']>> = [];
  return { list: async () => [...records], insert: async (record) => records.push(record) > 0 };
}

describe('the contract of stores of signing keys', () => {
  it('is broken in each of its cases by some store', () => {
    const names = signingKeyStoreContract(async () => Promise.reject()).map(({ name }) => name);
    expect(BROKEN.map(([notice]) => notice)).toEqual(names);
  });

  it.each(BROKEN)('notices a store that breaks: %s', async (notice, change) => {
    const cases = signingKeyStoreContract(async () => {
      const store = createMemorySigningKeyStore();
      const broken = { ...store, ...change(store) };
      return { open: async () => broken, dispose: () => store.close() };
    });
    await expect(cases.find(({ name }) => name === notice)?.run()).rejects.toThrow();
  });
});
