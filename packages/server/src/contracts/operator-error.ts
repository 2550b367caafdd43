/** The kind of error that an {@link OperatorError} reports; `--json` prints it. */
export type OperatorErrorCode =
  | 'invalid_configuration'
  | 'unsafe_path'
  | 'unusable_path'
  | 'unusable_database'
  | 'missing_secret';

/**
 * A problem on this machine that its operator can fix: a file, a folder, a setting. The message states what is wrong,
 * where, and what to do. It may name paths, so it is for the terminal and the log, never for a caller.
 */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
  readonly code: OperatorErrorCode;

  constructor(code: OperatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
