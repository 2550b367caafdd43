import type { TokenStore } from '../token/token-store.ts';
import { assertEqual, type ContractCheck } from './contract-case.ts';

/** The requirements for a token store that keeps the keys that it is used with. */
export const STORED_KEY_CASES: Readonly<Record<string, ContractCheck<TokenStore>>> = {
  async 'keeps the keys that it is used with, if it can'(store, setup) {
    if (store.readKeys === undefined || store.replaceKeys === undefined) return;
    const other = await setup.open();
    assertEqual(await store.readKeys(), undefined);
    const first = { ids: ['aaaaaaaa'], idKey: 'sealed', version: 1 };
    assertEqual(await store.replaceKeys({ ...first, version: 2 }, 1), false);
    assertEqual(await store.replaceKeys(first, 0), true);
    assertEqual(await store.replaceKeys({ ...first, ids: ['cccccccc'] }, 0), false);
    assertEqual(await other.readKeys?.(), first);
    const second = { ids: ['aaaaaaaa', 'bbbbbbbb'], idKey: 'sealed again', version: 2 };
    assertEqual(await other.replaceKeys?.(second, 1), true);
    assertEqual(await store.replaceKeys({ ...first, version: 2 }, 1), false);
    assertEqual(await store.readKeys(), second);
  },
  async 'lets one of many changes of its keys in'(store, setup) {
    if (store.replaceKeys === undefined) return;
    const other = await setup.open();
    const changes = Array.from({ length: 20 }, (_, index) => ({ ids: [`${index}`], idKey: 'sealed', version: 1 }));
    const won = await Promise.all(changes.map((keys, index) => (index % 2 ? store : other).replaceKeys?.(keys, 0)));
    assertEqual(won.filter(Boolean).length, 1);
    assertEqual(await store.readKeys?.(), changes[won.indexOf(true)]);
  },
};
