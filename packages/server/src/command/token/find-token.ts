import { inspectToken, type TokenInfo } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { CommandError } from '../command-error.ts';
import { describeFailure } from '../describe-failure.ts';
import type { TokenAdministration } from './token-administration.ts';

/**
 * Resolves an argument to a token's id: the argument is the id, or a name that only one token has. A name never means a
 * revoked token.
 *
 * @throws {CommandError} for a name that several tokens have, and for a token in place of its id
 */
export async function findTokenId(tokens: TokenAdministration, argument: string): Promise<string> {
  const text = readTokenId(argument);
  const known = await listIfAllowed(tokens);
  if (known === undefined || known.some(({ id }) => id === text)) return text;
  const named = known.filter(({ name, revokedAt }) => name === text && revokedAt === undefined);
  if (named.length < 2) return named[0]?.id ?? text;
  throw new CommandError(
    `${named.length} tokens are called '${text}'. Write the id: ${named.map(({ id }) => id).join(', ')}.`,
  );
}

/**
 * Lists the tokens; undefined when the caller may not. A caller that may change tokens but not list them names them by
 * id.
 */
export async function listIfAllowed(tokens: TokenAdministration): Promise<readonly TokenInfo[] | undefined> {
  try {
    return await tokens.list({});
  } catch (error) {
    if (describeFailure(error).ending === 'denied') return undefined;
    throw error;
  }
}

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
