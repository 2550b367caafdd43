import type { TokenInfo } from '@latchkey/auth-core';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { print, printJson } from '../print.ts';
import { withTokenAdministration } from './administer-tokens.ts';
import { findTokenId } from './find-token.ts';
import { addStoredTokenOptions, type StoredTokenFlags } from './token-options.ts';

/** `latchkey token delete`. */
export function addDeleteCommand(token: Command): void {
  const command = token
    .command('delete <id>')
    .description('remove a token that has ended from the list for good, with all that was derived from it')
    .action(deleteToken);
  addStoredTokenOptions(command, 'latchkey token delete aB3dE5gH');
}

async function deleteToken(id: string, flags: StoredTokenFlags): Promise<void> {
  const deleted = await withTokenAdministration(flags, process.env, async (tokens) => {
    const token = await tokens.show(await findTokenId(tokens, id));
    // Deleting must not revoke a token as a side effect, as the same request would for one that still works.
    if (!hasEnded(token)) {
      throw new CommandError(`The token '${token.name}' still works. Revoke it first: latchkey token revoke ${id}`);
    }
    return tokens.remove(token.id);
  });
  if (flags.json) printJson({ deleted });
  else print(`Deleted '${deleted.name}' (${deleted.id}).`);
}

function hasEnded({ revokedAt, expiresAt }: TokenInfo): boolean {
  return revokedAt !== undefined || (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now());
}
