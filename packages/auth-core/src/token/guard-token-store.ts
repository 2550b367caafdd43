import { guard } from '../guard.ts';
import type { TokenStore } from './token-store.ts';

/** Turns every failure of a store into `AUTH_STORE_UNAVAILABLE`, so that it cannot be mistaken for an answer. */
export function guardTokenStore(store: TokenStore): TokenStore {
  const { watch } = store;
  return {
    ...(store.database !== undefined && { database: store.database }),
    insert: (record, standing, transaction) => guard(() => store.insert(record, standing, transaction)),
    find: (id) => guard(() => store.find(id)),
    update: (record, expectedVersion, standing, transaction) =>
      guard(() => store.update(record, expectedVersion, standing, transaction)),
    remove: (id, expectedVersion, standing, transaction) =>
      guard(() => store.remove(id, expectedVersion, standing, transaction)),
    countDerived: (query) => guard(() => store.countDerived(query)),
    forgetEnded: (before) => guard(() => store.forgetEnded(before)),
    list: (query) => guard(() => store.list(query)),
    touch: (lastUsed) => guard(() => store.touch(lastUsed)),
    close: () => guard(() => store.close()),
    ...(watch !== undefined && { watch: (listener) => guard(() => watch.call(store, listener)) }),
  };
}
