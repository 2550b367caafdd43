/**
 * Calls a function of the host that only reports something to it. What it throws, or rejects with later, is ignored: it
 * must not change what is decided, answered or stored here.
 *
 * @example
 * ```ts
 * import type { AuthError } from '@latchkey/auth-core';
 * import { notify } from '@latchkey/auth-core/http';
 *
 * export function report(error: AuthError, onError?: (error: AuthError) => void): void {
 *   notify(onError, error);
 * }
 * ```
 */
export function notify<Values extends readonly unknown[]>(
  listener: ((...values: Values) => unknown) | undefined,
  ...values: Values
): void {
  try {
    Promise.resolve(listener?.(...values)).catch(ignore);
  } catch {
    // As above.
  }
}

function ignore(): void {}
