import { StoreUnavailableError } from '@latchkey/auth-core';

/** Calls a store, and turns whatever goes wrong into `AUTH_STORE_UNAVAILABLE`, which is no answer and denies. */
export async function reachStore<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new StoreUnavailableError(cause);
  }
}
