import { isAdministrator } from '../../state/administrator.ts';
import { CommandError } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { listIfAllowed } from './find-token.ts';
import type { TokenAdministration } from './token-administration.ts';

const WAY_BACK = "On the machine of the server, 'latchkey admin recover' makes another one.";

/**
 * Asks for confirmation before the last administrator's token ends; without a terminal, `--yes` is required.
 *
 * @param ending the ids of the tokens that will no longer be administrators' tokens
 */
export async function confirmLastAdministrator(
  tokens: TokenAdministration,
  ending: readonly string[],
  { yes }: { readonly yes?: boolean },
): Promise<void> {
  if (yes === true) return;
  const now = new Date();
  const administrators = ((await listIfAllowed(tokens)) ?? []).filter((info) => isAdministrator(info, now));
  const left = administrators.filter(({ id }) => !ending.includes(id));
  if (left.length > 0 || administrators.length === 0) return;
  const what = `No administrator's token is left after that. ${WAY_BACK}`;
  if (process.stdin.isTTY !== true)
    throw new CommandError(`${what} Add --yes if you mean it.`, { code: 'last_administrator' });
  await confirm(`${what} Go on?`);
}
