import { CommandError } from '../command-error.ts';
import { type PromptOutput, readSecret, type SecretInput } from '../read-secret.ts';

/** A token to work on, and where it was found. */
export interface PresentedToken {
  readonly token: string;
  readonly from: string;
}

/** The help text for the argument of commands that take a token. */
export const PRESENTED = '- reads it from standard input (default: that of LATCHKEY_API_TOKEN or LM_API_TOKEN)';

/**
 * Finds the token to work on: with `-` from standard input, otherwise from the environment, as for every command, and
 * only if that has none from standard input. So the standard input that a script happens to have is not read as a
 * token.
 */
export async function readPresentedToken(
  argument: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  input: SecretInput,
  output: PromptOutput,
): Promise<PresentedToken> {
  requireDash(argument);
  if (argument === undefined) {
    for (const from of ['LATCHKEY_API_TOKEN', 'LM_API_TOKEN']) {
      const token = environment[from]?.trim();
      if (token !== undefined && token !== '') return { token, from };
    }
  }
  return { token: await readSecret('Token (it is not shown): ', input, output), from: 'standard input' };
}

/** Refuses a token as an argument, which every user of the machine can read. The message does not repeat it. */
export function requireDash(argument: string | undefined): void {
  if (argument === undefined || argument === '-') return;
  throw new CommandError(
    'A token must not be an argument, which others on this machine can read. ' +
      'Set LATCHKEY_API_TOKEN, or send it to standard input and write -.',
  );
}
