import type { TokenInfo } from '@latchkey/auth-core';
import { CommandError } from '../command-error.ts';
import { describeFailure } from '../describe-failure.ts';
import { readTokenId } from './read-token-id.ts';
import type { TokenAdministration } from './token-administration.ts';

/**
 * The id of the token that an argument means: its id, or its name where one token has it. Of those that were revoked a name
 * means none.
 *
 * @throws {CommandError} for a name that several have, and for a token in place of its id
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

/** Who may change tokens and not list them names them by their ids. */
export async function listIfAllowed(tokens: TokenAdministration): Promise<readonly TokenInfo[] | undefined> {
  try {
    return await tokens.list({});
  } catch (error) {
    if (describeFailure(error).ending === 'denied') return undefined;
    throw error;
  }
}
