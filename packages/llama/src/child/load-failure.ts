import { InsufficientMemoryError } from 'node-llama-cpp';

/** A model could not be loaded: `message` may be shown, `detail` is for the log. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure';
  readonly detail: string;
  readonly code: 'MODEL_LOAD_FAILED' | 'MODEL_UNAVAILABLE' | 'INSUFFICIENT_MEMORY' | 'INVALID_REQUEST';

  constructor(message: string, cause: unknown, code: LoadFailure['code'] = 'MODEL_LOAD_FAILED') {
    super(message, { cause });
    this.detail = String(cause);
    this.code = code;
  }
}

/** Runs a step of loading, and gives its failure a message for people. */
export async function attempt<T>(
  step: () => Promise<T>,
  message: string,
  code: LoadFailure['code'] = 'MODEL_LOAD_FAILED',
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof InsufficientMemoryError) {
      throw new LoadFailure(
        'There is not enough memory for this model. Use a shorter context or fewer parallel requests.',
        error,
        'INSUFFICIENT_MEMORY',
      );
    }
    throw new LoadFailure(message, error, code);
  }
}
