import { inspectToken } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { CommandError } from '../command-error.ts';

/** Checks that an argument is not a token: every user of the machine can read arguments. */
export function readTokenId(argument: string): string {
  const { kind, id } = inspectToken(argument, llm);
  // Any text could be a custom key, so that kind proves nothing.
  if (kind === undefined || kind === 'custom') return argument;
  throw new CommandError(
    `This is a token and not its id${id === undefined ? '' : `, which is ${id}`}. ` +
      'Others on this machine can read arguments: rotate or revoke the token.',
  );
}
