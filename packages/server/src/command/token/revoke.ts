import { inspectToken, type RevokeAllInput } from '@latchkey/auth-core';
import type { GrantWarning } from '@latchkey/auth-core/llm';
import { llm } from '@latchkey/auth-core/llm';
import type { Identity } from '@latchkey/client';
import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import type { Command } from 'commander';
import { withoutAbsent } from '../../config/without-absent.ts';
import { createApiClient, inPlainWords } from '../api-client.ts';
import { findClosedFolder } from '../closed-folder.ts';
import { CommandError } from '../command-error.ts';
import { confirm } from '../confirm.ts';
import { connectClient, findConnection } from '../connection.ts';
import { describeFailure } from '../describe-failure.ts';
import { print, printJson } from '../print.ts';
import { overHttp, withTokenAdministration } from './administer-tokens.ts';
import { findTokenId } from './find-token.ts';
import { confirmLastAdministrator } from './last-administrator.ts';
import { warnOfGrant } from './print-token.ts';
import type { EndedToken, Warned } from './token-administration.ts';
import { addStoredTokenOptions, type StoredTokenFlags } from './token-options.ts';

interface Flags extends StoredTokenFlags {
  readonly owner?: string;
  readonly project?: string;
  readonly self?: boolean;
  readonly yes?: boolean;
}

type RevokedToken = Pick<EndedToken, 'id' | 'name' | 'stored'>;

interface Revoked extends Warned {
  readonly revoked: readonly RevokedToken[];
}

/** `latchkey token revoke`. */
export function addRevokeCommand(token: Command): void {
  const command = token
    .command('revoke [token...]')
    .description('end tokens for good, by their ids or names, with all that was derived from them')
    .option('--owner <owner>', 'all those of this owner, but for your own')
    .option('--project <project>', 'all those of this project, but for your own')
    .option('--self', 'the token that you use')
    .option('--yes', 'do not ask, where a terminal would ask before it ends many, or your own')
    .action(revoke);
  addStoredTokenOptions(command, 'latchkey token revoke aB3dE5gH\n  latchkey token revoke --owner ada');
}

async function revoke(ids: readonly string[], flags: Flags): Promise<void> {
  const filter = withoutAbsent({ owner: flags.owner, project: flags.project });
  const ways = [ids.length > 0, Object.keys(filter).length > 0, flags.self === true];
  if (ways.filter(Boolean).length !== 1) {
    throw new CommandError('Say which tokens to revoke: their ids, or --owner and --project, or --self.');
  }
  if (flags.self === true) return tell(await revokeSelf(flags), flags);
  if (ids.length === 0) return tell(await revokeAll(filter, flags), flags);
  await revokeEach(ids, flags);
}

/** Revokes each token. A failure for one does not keep the others from being revoked. */
async function revokeEach(ids: readonly string[], flags: Flags): Promise<void> {
  const ended: EndedToken[] = [];
  const failed: { readonly id: string; readonly error: unknown }[] = [];
  await withTokenAdministration(flags, process.env, async (tokens) => {
    const found = await Promise.all(ids.map((id) => findTokenId(tokens, id)));
    await confirmLastAdministrator(tokens, found, flags);
    for (const id of found) {
      await tokens.revoke(id).then(
        (info) => ended.push(info),
        (error: unknown) => failed.push({ id, error }),
      );
    }
  });
  const [first] = failed;
  if (ids.length === 1 && first !== undefined) throw first.error;
  tell({ revoked: ended.map(({ warnings: _, ...token }) => token), warnings: distinct(ended) }, flags);
  if (first === undefined) return;
  const reason = first.error instanceof Error ? first.error.message : String(first.error);
  throw new CommandError(`Not revoked: ${failed.map(({ id }) => id).join(', ')}. ${reason}`, {
    ending: describeFailure(first.error).ending,
    cause: first.error,
  });
}

/** The warnings of the answers, without duplicates. */
function distinct(ended: readonly EndedToken[]): readonly GrantWarning[] {
  const warnings = ended.flatMap((token) => token.warnings ?? []);
  return [...new Map(warnings.map((warning) => [warning.message, warning])).values()];
}

async function revokeAll(filter: RevokeAllInput, flags: Flags): Promise<Revoked> {
  return withTokenAdministration(flags, process.env, async (tokens) => {
    if (!asks(flags)) return tokens.revokeAll(filter);
    const living = (await tokens.list(filter)).filter(({ revokedAt }) => revokedAt === undefined);
    if (living.length === 0) return { revoked: [] };
    const names = living.map(({ name, id }) => `  ${visibleLine(name)} (${visibleLine(id)})\n`).join('');
    await confirm(`This ends these tokens for good, but for your own:\n${names}Go on?`);
    return tokens.revokeAll(filter);
  });
}

async function revokeSelf(flags: Flags): Promise<Revoked> {
  await using opened = new AsyncDisposableStack();
  if ((await findClosedFolder(flags, opened)) !== undefined) {
    throw new CommandError('Without a server you use no token. Name the ids of those to revoke.');
  }
  const client = connectClient(flags, process.env);
  return inPlainWords(async () => {
    const { id, name, tokenId } = (await client.auth.whoami()) as Identity & { readonly tokenId?: unknown };
    // A personal access token acts through an access token; the command revokes the personal access token itself.
    const isPersonal = inspectToken(findConnection(flags, process.env).token ?? '', llm).kind === 'personal-access';
    const own = { id: isPersonal && typeof tokenId === 'string' ? tokenId : id, name };
    const warnings = await confirmLastAdministrator(overHttp(createApiClient(client)), [own.id], flags);
    if (asks(flags)) await confirm(`This ends the token that you use, '${name}' (${own.id}), for good. Go on?`);
    const { stored } = await client.auth.revoke();
    return { revoked: [{ ...own, stored }], warnings };
  });
}

const asks = ({ yes }: Flags): boolean => yes !== true && process.stdin.isTTY === true;

function tell({ revoked, warnings = [] }: Revoked, { json }: Flags): void {
  if (json) printJson({ revoked, ...(warnings.length > 0 && { warnings }) });
  else if (revoked.length === 0) print('There was none to revoke.');
  else for (const { name, id } of revoked) print(name === undefined ? `Revoked ${id}.` : `Revoked '${name}' (${id}).`);
  if (!json) warnOfGrant({ warnings });
  if (revoked.every(({ stored }) => stored)) return;
  process.stderr.write(
    'The server denies what it could not store from now on, and stores it as soon as its database can be written.\n',
  );
}
