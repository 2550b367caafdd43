import type { TokenInfo } from '@latchkey/auth-core';
import { type Command, Option } from 'commander';
import { CommandError } from './command-error.ts';
import type { ConnectionFlags } from './connection.ts';
import { parseDuration } from './parse-duration.ts';
import { print, printJson, printTable, style } from './print.ts';
import { readGrant } from './read-grant.ts';
import { type TokenChanges, withTokenAdministration } from './token-administration.ts';

/** What a token may do when nobody says: talk to every model; no tools, no administration. */
const DEFAULT_GRANT = { actions: ['chat', 'embeddings', 'models:read'], models: ['*'] };

interface Flags extends ConnectionFlags {
  readonly name?: string;
  readonly grant?: string;
  readonly expires?: string;
  readonly json?: boolean;
}

/** `latchkey token create|list|show|edit|revoke`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('make, list, change and revoke API tokens');
  const grant = '--grant <json|@file>';
  const expires = '--expires <duration>';

  common(token.command('create').description('make a token; its secret is shown once'))
    .requiredOption('--name <name>', 'what the token is for')
    .option(grant, 'what it may do (default: chat with every model, no tools)')
    .option(expires, 'how long it lives, e.g. 90d (default: until it is revoked)')
    .action(async (flags: Flags & { name: string }) => {
      const created = await withTokenAdministration(flags, process.env, (tokens) =>
        tokens.create({
          name: flags.name,
          grant: flags.grant === undefined ? DEFAULT_GRANT : readGrant(flags.grant),
          ...(flags.expires === undefined ? {} : { expiresAt: fromNow(flags.expires) }),
        }),
      );
      if (flags.json) return printJson(created);
      print(created.token);
      process.stderr.write(
        `Token '${created.name}' (${created.id})${created.expiresAt ? `, until ${created.expiresAt}` : ''}. ` +
          'Keep it now: it is not shown again.\n',
      );
    });

  common(token.command('list').description('list the tokens that yours covers')).action(async (flags: Flags) => {
    const tokens = await withTokenAdministration(flags, process.env, (administration) => administration.list());
    if (flags.json) return printJson({ tokens });
    printTable(
      ['ID', 'NAME', 'STATE', 'CREATED', 'LAST USED', 'MAY'],
      tokens.map((info) => [
        info.id,
        info.name,
        stateOf(info),
        day(info.createdAt),
        info.lastUsedAt ? day(info.lastUsedAt) : 'never',
        info.grant.actions.join(' '),
      ]),
    );
  });

  common(token.command('show <id>').description('show a token, without its secret')).action(
    async (id: string, flags: Flags) => {
      show(await withTokenAdministration(flags, process.env, (tokens) => tokens.show(id)), flags);
    },
  );

  common(token.command('edit <id>').description('change a token; it counts at once'))
    .option('--name <name>', 'a new name')
    .option(grant, 'a new grant in place of the old one')
    .option(expires, "a new life from now, e.g. 90d, or 'never'")
    .action(async (id: string, flags: Flags) => {
      const changes: TokenChanges = {
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags.grant === undefined ? {} : { grant: readGrant(flags.grant) }),
        ...(flags.expires === undefined
          ? {}
          : { expiresAt: flags.expires === 'never' ? null : fromNow(flags.expires) }),
      };
      if (Object.keys(changes).length === 0)
        throw new CommandError('Nothing to change: give --name, --grant or --expires.');
      show(await withTokenAdministration(flags, process.env, (tokens) => tokens.edit(id, changes)), flags);
    });

  common(token.command('revoke <id>').description('end a token for good')).action(async (id: string, flags: Flags) => {
    const revoked = await withTokenAdministration(flags, process.env, (tokens) => tokens.revoke(id));
    if (flags.json) return printJson(revoked);
    print(`Revoked '${revoked.name}' (${revoked.id}).`);
  });
}

function common(command: Command): Command {
  return command
    .option('--url <url>', 'the server (default: the one that runs here)')
    .option('--data <dir>', 'a data folder: its server, or its store when none runs')
    .addOption(new Option('--json', 'print JSON'));
}

function show(info: TokenInfo, flags: Flags): void {
  if (flags.json) {
    printJson(info);
    return;
  }
  print(`${style('bold', info.name)}  ${info.id}  ${stateOf(info)}`);
  print(`owner    ${info.owner}`);
  print(`created  ${info.createdAt}`);
  print(`expires  ${info.expiresAt ?? 'never'}`);
  print(`used     ${info.lastUsedAt ?? 'never'}`);
  print(`grant    ${JSON.stringify(info.grant, null, 2)}`);
}

function stateOf(info: TokenInfo): string {
  if (info.revokedAt) return 'revoked';
  return info.expiresAt && Date.parse(info.expiresAt) <= Date.now() ? 'expired' : 'valid';
}

const day = (date: string): string => date.slice(0, 10);
const fromNow = (duration: string): string => new Date(Date.now() + parseDuration(duration)).toISOString();
