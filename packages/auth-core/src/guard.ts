import { StoreUnavailableError } from './errors.ts';

/** Runs the call, and turns every error into `AUTH_STORE_UNAVAILABLE`. */
export async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new StoreUnavailableError(cause);
  }
}

/** How long a store may take to answer: longer than the stores of this library let any query take. */
const STORE_MILLISECONDS = 20_000;

/**
 * As `guard`, and so is an answer that does not come within twenty seconds. A host's own connections need not have an
 * end.
 */
export function answerInTime<T>(call: () => Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new StoreUnavailableError(new Error(`the store has not answered within ${STORE_MILLISECONDS} ms`)));
  }, STORE_MILLISECONDS);
  return Promise.race([guard(call), late]).finally(() => clearTimeout(timer));
}
