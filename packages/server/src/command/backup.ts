import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config.ts';
import { defaultDataFolder } from '../config/own-home.ts';
import { requirePrivate } from '../config/private-path.ts';
import { type BackupContents, backUp, requireNewFolder, restore } from '../state/backup.ts';
import { givenFormerSecrets, givenSecret, joinSecrets, type Secrets } from '../state/secrets.ts';
import { takeSnapshotOf } from './ask-operator.ts';
import { CommandError } from './command-error.ts';
import { print, printJson, remark } from './print.ts';
import { reachFolder } from './reach-folder.ts';

interface Flags {
  readonly data?: string;
  readonly json?: boolean;
}

/** `latchkey backup` and `latchkey restore`. */
export function addBackupCommands(program: Command): void {
  program
    .command('backup')
    .description('copy the data folder, also while its server runs, and check the copy')
    .argument('<folder>', 'a folder that is not there yet')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey)')
    .option('--json', 'print JSON')
    .action(async (target: string, flags: Flags) => {
      const contents = await backUpSafely(dataOf(flags), target);
      tell(flags, target, contents, 'holds');
      if (!flags.json) remark('It is as secret as the data folder. Models are not in it.');
    });
  program
    .command('restore')
    .description('make a data folder of a backup, and check it')
    .argument('<folder>', "what 'latchkey backup' has made")
    .option('--data <dir>', 'a data folder that holds nothing yet (default: ~/.latchkey)')
    .option('--json', 'print JSON')
    .action((source: string, flags: Flags) => {
      requirePrivate(source, 'folder');
      const data = dataOf(flags);
      tell(flags, data, restore(source, data, givenSecrets()), 'holds again');
    });
}

/** A server that runs on the folder copies its database itself; without one the command holds the folder. */
async function backUpSafely(data: string, target: string): Promise<BackupContents> {
  await using opened = new AsyncDisposableStack();
  const holder = await reachFolder(data);
  if ('lock' in holder) opened.use(holder.lock);
  const secrets = secretsOf(data);
  requireNewFolder(target);
  const snapshot = 'server' in holder ? await takeSnapshotOf(holder.server, data, process.env, opened) : undefined;
  return backUp(data, target, secrets, snapshot);
}

const dataOf = ({ data }: Flags): string => data ?? (process.env.LATCHKEY_DATA || defaultDataFolder());

/** Returns the given secrets; refuses PostgreSQL, which has its own backup tools. */
function secretsOf(data: string): Secrets | undefined {
  const { database } = loadConfig({ flags: { data }, environment: process.env });
  if (database === undefined) return givenSecrets();
  throw new CommandError(
    `The setting 'database' says that everything is kept in PostgreSQL: back that up with pg_dump, and keep ${join(data, 'secret.key')}.`,
    { ending: 'usage' },
  );
}

function givenSecrets(): Secrets | undefined {
  const given = givenSecret(process.env);
  return given && joinSecrets([given], givenFormerSecrets(process.env));
}

function tell({ json }: Flags, folder: string, { files, tokens }: BackupContents, verb: string): void {
  if (json) printJson({ folder, files, tokens });
  else
    print(
      `${folder} ${verb} ${files.join(', ')}, with ${tokens} ${tokens === 1 ? 'token' : 'tokens'}; all of it was read again.`,
    );
}
