import { isAuthError, StoreUnavailableError } from '../errors.ts';

/** What is read of the settings. @throws {AuthError} `AUTH_STORE_UNAVAILABLE` when they cannot be read */
export function readSettings<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw isAuthError(cause) ? cause : new StoreUnavailableError(cause);
  }
}
