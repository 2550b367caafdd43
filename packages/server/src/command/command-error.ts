import type { Ending } from './exit-codes.ts';

export interface CommandErrorOptions extends ErrorOptions {
  /** How the command ends; `usage` by default. */
  readonly ending?: Ending;
  /** For programs; the name of the ending by default. */
  readonly code?: string;
}

/** An error that the person at the terminal can fix. Only its message is printed, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly ending: Ending;
  readonly code: string;

  constructor(message: string, { ending = 'usage', code = ending, ...options }: CommandErrorOptions = {}) {
    super(message, options);
    this.ending = ending;
    this.code = code;
  }
}
