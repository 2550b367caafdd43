import { OperatorError } from '../contracts/operator-error.ts';

/** A configuration that cannot be used. The message contains the key, where it was set, and the expected value. */
export class ConfigError extends OperatorError {
  override readonly name = 'ConfigError';

  constructor(message: string, options?: ErrorOptions) {
    super('invalid_configuration', message, options);
  }
}
