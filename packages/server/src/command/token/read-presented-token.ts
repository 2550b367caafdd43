import { CommandError } from '../command-error.ts';
import { type PromptOutput, readSecret, type SecretInput } from '../read-secret.ts';

/** A token that somebody has at hand, and where it was found. */
export interface PresentedToken {
  readonly token: string;
  readonly from: string;
}

/** How the argument of the commands that take a token is described. */
export const PRESENTED = '- reads it from standard input (default: that of LATCHKEY_API_TOKEN or LM_API_TOKEN)';

/**
 * Finds the token to work on: with `-` on standard input, else in the environment, as every command does, and when that
 * has none, again on standard input. So what a script's standard input happens to hold is no token.
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

/** Refuses a token as an argument, which everybody on the machine can read, without repeating it. */
export function requireDash(argument: string | undefined): void {
  if (argument === undefined || argument === '-') return;
  throw new CommandError(
    'A token must not be an argument, which others on this machine can read. ' +
      'Set LATCHKEY_API_TOKEN, or send it to standard input and write -.',
  );
}
