import type { GrantWarning } from '@latchkey/auth-core/llm';
import { administratorsAmong, NONE_LEFT, WAY_BACK } from '../../state/administrators-left.ts';
import { CommandError } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { listIfAllowed } from './find-token.ts';
import type { TokenAdministration } from './token-administration.ts';

/**
 * Asks for confirmation before the last administrator's token ends; without a terminal, `--yes` is required.
 *
 * Returns warnings to print afterwards if the server's answer has none.
 *
 * @param ending the ids of the tokens that will no longer be administrators' tokens
 */
export async function confirmLastAdministrator(
  tokens: TokenAdministration,
  ending: readonly string[],
  { yes }: { readonly yes?: boolean },
): Promise<readonly GrantWarning[]> {
  const now = new Date();
  const known = (await listIfAllowed(tokens)) ?? [];
  const left = administratorsAmong(
    known.filter(({ id }) => !ending.includes(id)),
    now,
  );
  if (left.length > 0 || administratorsAmong(known, now).length === 0) return [];
  const warnings = [{ path: 'administrators', message: `${NONE_LEFT} ${WAY_BACK}` }];
  if (yes === true) return warnings;
  const what = `No administrator's token is left after that. ${WAY_BACK}`;
  if (process.stdin.isTTY !== true)
    throw new CommandError(`${what} Add --yes if you mean it.`, { code: 'last_administrator' });
  await confirm(`${what} Go on?`);
  return warnings;
}
