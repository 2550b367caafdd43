import type { StoredTokenKind } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { type Command, Option } from 'commander';
import { withoutAbsent } from '../../config/without-absent.ts';
import { makeClosedFolder } from '../closed-folder.ts';
import { CommandError } from '../command-error.ts';
import { editJson } from '../edit-text.ts';
import { parseDuration } from '../parse-duration.ts';
import { printJson } from '../print.ts';
import { readSecret } from '../read-secret.ts';
import { withTokenAdministration } from './administer-tokens.ts';
import { addGrantFlags, type GrantFlags, parseGrant, writeGrant } from './grant-flags.ts';
import { printNewToken, warnOfGrant } from './print-token.ts';
import { addStoredTokenOptions, readEnd, type StoredTokenFlags } from './token-options.ts';

/** The default grant of a token: chat with every model; no tools, no administration. */
export const DEFAULT_GRANT: Grant = { actions: ['chat', 'embeddings', 'models:read'], models: ['*'] };

const KINDS: readonly StoredTokenKind[] = ['api-key', 'custom', 'personal-access', 'legacy', 'place-bound'];

interface Flags extends StoredTokenFlags, GrantFlags {
  readonly name?: string;
  readonly kind: StoredTokenKind;
  readonly edit?: boolean;
  readonly budget?: string;
  readonly owner?: string;
  readonly project?: string;
  readonly expires?: string;
  readonly notes?: string;
  readonly rotateAfter?: string;
  readonly secretStdin?: boolean;
  readonly force?: boolean;
}

/** `latchkey token create`. */
export function addCreateCommand(token: Command): void {
  const command = addGrantFlags(token.command('create [name]'))
    .description('make a token; it is shown once')
    .option('--name <name>', 'what the token is for, where it is not the argument')
    .addOption(new Option('--kind <kind>', 'what it looks like').choices(KINDS).default('api-key'))
    .option('--edit', 'write the grant in an editor first')
    .option('--budget <amount>', "what it may spend in a month, at the server's prices, e.g. '20 EUR'")
    .option('--owner <owner>', 'whose it is (default: as yours)')
    .option('--project <project>', 'the project that it acts for')
    .option('--expires <when>', 'a duration or a time, e.g. 90d (default: when it is revoked)')
    .option('--notes <text>', 'whatever is worth knowing about it')
    .option('--rotate-after <duration>', 'when to be reminded of a new secret (default: 90d)')
    .option('--secret-stdin', 'read the text of a custom key from standard input')
    .option('--force', 'take a custom key that is easy to guess')
    .action((name: string | undefined, flags: Flags) => create(name, flags));
  addStoredTokenOptions(
    command,
    `latchkey token create ci --expires 90d --models 'ibm/*' --tools 'mcp/files.read_*' --limit requestsPerMinute=60
  latchkey token create ci --expires 90d --edit`,
  );
}

async function create(argument: string | undefined, flags: Flags): Promise<void> {
  const { kind, owner, project, notes, force } = flags;
  const name = argument ?? flags.name;
  if (name === undefined) throw new CommandError('The token needs a name: latchkey token create NAME.');
  if (kind === 'place-bound') requireOwnGrant(flags);
  const written = writeGrant(flags, DEFAULT_GRANT);
  const input = {
    name,
    kind,
    grant: flags.edit === true ? await editJson(written, 'grant', parseGrant) : written,
    ...withoutAbsent({ owner, project, notes, force }),
    ...(flags.expires === undefined ? {} : { expiresAt: readEnd(flags.expires, new Date()) }),
    ...(flags.rotateAfter === undefined ? {} : { rotateAfterSeconds: parseDuration(flags.rotateAfter) / 1000 }),
    ...(flags.budget === undefined ? {} : { budget: { perMonth: flags.budget } }),
    ...(await readCustomKey(flags)),
  };
  makeClosedFolder(flags);
  const created = await withTokenAdministration(flags, process.env, (tokens) => tokens.create(input));
  if (flags.json) printJson(created);
  else printNewToken(created, 'Token');
  if (!flags.json) warnOfGrant(created);
}

/** What is written down in addresses is not given more than was asked for. */
function requireOwnGrant({ grant, models, edit }: Flags): void {
  if (grant !== undefined || models !== undefined || edit === true) return;
  throw new CommandError(
    "A place-bound token needs a grant of its own: --models, e.g. 'ibm/*', or --grant with networks as well.",
  );
}

async function readCustomKey({ kind, secretStdin }: Flags): Promise<{ readonly secret?: string }> {
  if (kind !== 'custom') {
    if (secretStdin !== true) return {};
    throw new CommandError('--secret-stdin is for custom keys. Add --kind custom, or leave it out.');
  }
  if (secretStdin !== true && process.stdin.isTTY !== true) {
    throw new CommandError('A custom key needs its text. Send it to standard input and add --secret-stdin.');
  }
  return { secret: await readSecret('Text of the key (it is not shown): ', process.stdin, process.stderr) };
}
