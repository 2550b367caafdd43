/**
 * Why a file cannot be opened as the store of tokens:
 *
 * - `unsafe_path`: other users of the machine can read the secret, or change the secret or the database
 * - `missing_secret`: the secret that the database was made with is missing, or its file contains no secret
 * - `wrong_secret`: the database is used with a secret that the given ones do not contain
 */
export type OpenAuthErrorCode = 'unsafe_path' | 'missing_secret' | 'wrong_secret';

/** The file or its secret is not what it must be. The message says what to do; it is for the operator of the server. */
export class OpenAuthError extends Error {
  override name = 'OpenAuthError';
  readonly code: OpenAuthErrorCode;

  constructor(code: OpenAuthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
