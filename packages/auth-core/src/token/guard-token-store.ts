import { answerInTime, guard } from '../guard.ts';
import type { TokenStore } from './token-store.ts';

/**
 * Turns every failure of a store into `AUTH_STORE_UNAVAILABLE`, so that it cannot be mistaken for an answer. Every call
 * that something waits for has an end.
 */
export function guardTokenStore(store: TokenStore): TokenStore {
  const { watch, readKeys, replaceKeys } = store;
  return {
    ...(store.database !== undefined && { database: store.database }),
    insert: (record, standing, transaction) => answerInTime(() => store.insert(record, standing, transaction)),
    find: (id) => answerInTime(() => store.find(id)),
    update: (record, expectedVersion, standing, transaction) =>
      answerInTime(() => store.update(record, expectedVersion, standing, transaction)),
    remove: (id, expectedVersion, standing, transaction) =>
      answerInTime(() => store.remove(id, expectedVersion, standing, transaction)),
    // The number of tokens has no bound: the store's own statements have an end.
    endAll: (query, choose, transaction) => guard(() => store.endAll(query, choose, transaction)),
    countDerived: (query) => answerInTime(() => store.countDerived(query)),
    forgetEnded: (before) => guard(() => store.forgetEnded(before)),
    list: (query) => answerInTime(() => store.list(query)),
    touch: (lastUsed) => answerInTime(() => store.touch(lastUsed)),
    close: () => guard(() => store.close()),
    ...(readKeys !== undefined && { readKeys: () => answerInTime(() => readKeys.call(store)) }),
    ...(replaceKeys !== undefined && {
      replaceKeys: (keys, expectedVersion) => answerInTime(() => replaceKeys.call(store, keys, expectedVersion)),
    }),
    ...(watch !== undefined && { watch: (listener) => guard(() => watch.call(store, listener)) }),
  };
}
