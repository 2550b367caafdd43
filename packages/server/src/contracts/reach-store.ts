import { StoreUnavailableError } from '@latchkey/auth-core';

/** Calls a store, and converts any failure into `AUTH_STORE_UNAVAILABLE`, which denies the request. */
export async function reachStore<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new StoreUnavailableError(cause);
  }
}
