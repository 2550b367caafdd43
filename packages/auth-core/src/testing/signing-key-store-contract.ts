import type { SigningKeyRecord, SigningKeyStore } from '../jwt/signing-key-store.ts';
import {
  assertEqual,
  assertRejects,
  type ContractCase,
  type ContractCheck,
  createCases,
  type StoreSetup,
} from './contract-case.ts';

/** A place for signing keys that starts empty. */
export type SigningKeyStoreSetup = StoreSetup<SigningKeyStore>;

/**
 * The requirements for every store of signing keys, as data that any test framework can run. Each case sets up its own
 * place.
 *
 * @example
 * ```ts
 * import { createMemorySigningKeyStore } from '@latchkey/auth-core/jwt';
 * import { signingKeyStoreContract } from '@latchkey/auth-core/testing';
 *
 * const cases = signingKeyStoreContract(async () => {
 *   const store = createMemorySigningKeyStore();
 *   return { open: async () => store, dispose: async () => undefined };
 * });
 * for (const { run } of cases) await run(); // or: for (const { name, run } of cases) it(name, run);
 * ```
 */
export function signingKeyStoreContract(setUp: () => Promise<SigningKeyStoreSetup>): readonly ContractCase[] {
  return createCases(CASES, setUp);
}

function record(sequence: number, kid = `kid-${sequence}`): SigningKeyRecord {
  return { sequence, kid, sealed: `${kid}.sealed`, createdAt: '2027-01-01T00:00:00.000Z' };
}

const CASES: Readonly<Record<string, ContractCheck<SigningKeyStore>>> = {
  async 'starts without a key'(store) {
    assertEqual(await store.list(), []);
  },
  async 'lists the keys as they were inserted, the oldest first'(store) {
    const keys = [record(10), record(2), record(1)];
    for (const key of keys) assertEqual(await store.insert(key), true);
    assertEqual(await store.list(), [record(1), record(2), record(10)]);
  },
  async 'refuses a second key with the same sequence'(store) {
    await store.insert(record(1));
    assertEqual(await store.insert(record(1, 'other')), false);
    assertEqual(await store.list(), [record(1)]);
  },
  async 'lets one of many next keys in'(store, setup) {
    const other = await setup.open();
    await store.insert(record(1));
    const names = Array.from({ length: 20 }, (_, index) => `process-${index}`);
    const won = await Promise.all(names.map((kid, index) => (index % 2 ? store : other).insert(record(2, kid))));
    assertEqual(won.filter(Boolean).length, 1);
    assertEqual(await store.list(), [record(1), record(2, names[won.indexOf(true)])]);
  },
  async 'removes the named keys, and no others'(store) {
    for (const sequence of [1, 2, 3]) await store.insert(record(sequence));
    await store.remove([1, 3, 4]);
    assertEqual(await store.list(), [record(2)]);
    await store.remove([]);
    assertEqual(await store.list(), [record(2)]);
  },
  async 'replaces what is sealed of a key, if it has the update, and of no other'(store) {
    if (store.update === undefined) return;
    for (const sequence of [1, 2]) await store.insert(record(sequence));
    assertEqual(await store.update({ ...record(2), sealed: 'again', createdAt: 'another time' }), true);
    assertEqual(await store.update({ ...record(1), kid: 'kid-2', sealed: 'again' }), false);
    assertEqual(await store.update({ ...record(3), sealed: 'again' }), false);
    assertEqual(await store.list(), [record(1), { ...record(2), sealed: 'again' }]);
  },
  async 'shows a completed change to every connection'(store, setup) {
    const other = await setup.open();
    await store.insert(record(1));
    assertEqual(await other.list(), [record(1)]);
    await other.remove([1]);
    assertEqual(await store.list(), []);
  },
  async 'keeps its own copy of what goes in and comes out'(store) {
    const mine = { ...record(1) };
    await store.insert(mine);
    Object.assign(mine, { sealed: 'changed' });
    Object.assign((await store.list())[0] ?? {}, { sealed: 'changed' });
    assertEqual(await store.list(), [record(1)]);
  },
  async 'rejects once it is closed'(store) {
    await store.insert(record(1));
    await store.close();
    await assertRejects(() => store.list());
    await assertRejects(() => store.insert(record(2)));
    await assertRejects(() => store.remove([1]));
  },
};
