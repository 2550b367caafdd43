import { StoreUnavailableError } from './errors.ts';

/** Runs the call, and turns every error into `AUTH_STORE_UNAVAILABLE`. */
export async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new StoreUnavailableError(cause);
  }
}
