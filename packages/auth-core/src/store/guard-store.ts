import { StoreUnavailableError } from '../errors.ts';
import type { TokenStore } from './token-store.ts';

/** Turns whatever a store fails with into `AUTH_STORE_UNAVAILABLE`, so that nobody can mistake it for an answer. */
export function guardStore(store: TokenStore): TokenStore {
  const { watch, forgetAccessTokens } = store;
  return {
    insert: (record) => guard(() => store.insert(record)),
    find: (id) => guard(() => store.find(id)),
    update: (record, expectedVersion) => guard(() => store.update(record, expectedVersion)),
    list: (query) => guard(() => store.list(query)),
    touch: (lastUsed) => guard(() => store.touch(lastUsed)),
    close: () => guard(() => store.close()),
    ...(forgetAccessTokens !== undefined && {
      forgetAccessTokens: (before) => guard(() => forgetAccessTokens.call(store, before)),
    }),
    ...(watch !== undefined && { watch: (listener) => guard(() => watch.call(store, listener)) }),
  };
}

/** Calls, and turns whatever goes wrong into `AUTH_STORE_UNAVAILABLE`. */
export async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new StoreUnavailableError(cause);
  }
}
