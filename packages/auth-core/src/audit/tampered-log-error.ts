const END =
  'the end of the audit log is not what was last written: it was changed, cut off or put back, or the key is another one';

/**
 * The `cause` of an `AUTH_AUDIT_UNAVAILABLE`: the log is not as it was written. Until the operator has dealt with that,
 * the log accepts no new entry, and no trim.
 *
 * @example
 * ```ts
 * import { AuthError, TamperedLogError } from '@latchkey/auth-core';
 *
 * export const isTampered = (error: unknown): boolean =>
 *   error instanceof AuthError && error.cause instanceof TamperedLogError;
 * ```
 */
export class TamperedLogError extends Error {
  override name = 'TamperedLogError';

  constructor(found = END) {
    super(`${found}; verify the log, and keep what there is`);
  }
}
