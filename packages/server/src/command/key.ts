import { join } from 'node:path';
import type { KeyUse } from '@latchkey/auth-core';
import type { Command } from 'commander';
import { defaultDataFolder } from '../config/own-home.ts';
import { rotateSecret } from '../state/change-secret.ts';
import { lockFolder } from '../state/folder-lock.ts';
import { CommandError } from './command-error.ts';
import { openOperatorDesk, openStores } from './open-installation.ts';
import { print, printJson, printTable, remark } from './print.ts';

interface Flags {
  readonly data?: string;
  readonly json?: boolean;
}

/** `latchkey key status|rotate|drop`. */
export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('the secret that tokens are stored with, and the ones before it');

  common(key.command('status').description('list the secrets by their ids, and how many tokens need each'), 'status')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey); its server may run meanwhile')
    .action(status);
  common(key.command('rotate').description('make a new secret; tokens move to it at their next use'), 'rotate')
    .option('--data <dir>', 'the data folder (default: ~/.latchkey), on which no server runs')
    .action(rotate);
  common(
    key
      .command('drop')
      .description('end the use of the former secrets')
      .option('--force', 'even if tokens still need one of them: those stop working'),
    'drop',
  )
    .option('--data <dir>', 'the data folder (default: ~/.latchkey); its server may run meanwhile')
    .action(drop);
}

async function status(flags: Flags): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const desk = await openOperatorDesk(placeOf(flags), opened);
  show(flags, await desk.secrets());
}

async function rotate(flags: Flags): Promise<void> {
  const { LATCHKEY_SECRET: secret = '', LATCHKEY_SECRET_FILE: file = '' } = process.env;
  if (secret !== '') throw new CommandError(notHere(file === '' ? '' : '_FILE'), { ending: 'usage' });
  const place = placeOf(flags);
  using _lock = lockFolder(place.data);
  await using opened = new AsyncDisposableStack();
  const { folder, database, config } = await openStores(place, opened);
  const uses = await rotateSecret({ folder: folder.path, database, secrets: folder.secrets });
  show(flags, uses);
  if (flags.json) return;
  if (config.database !== undefined) {
    remark('Copy secret.key into the data folders of the other servers on this database before they start.');
  }
  remark(
    "Tokens move to the new secret at their next use. 'latchkey key status' says how many are left on the former.",
  );
}

async function drop(flags: Flags & { readonly force?: boolean }): Promise<void> {
  const { LATCHKEY_SECRET_FORMER: former = '' } = process.env;
  const place = placeOf(flags);
  await using opened = new AsyncDisposableStack();
  const desk = await openOperatorDesk(place, opened);
  const { uses, fileStays } = await desk.drop(flags.force ?? false);
  show(flags, uses);
  if (fileStays) {
    const file = join(place.data, 'secret.key');
    remark(`Take the lines that begin with 'former' out of ${file} where it comes from, and start its servers again.`);
  }
  if (flags.json) return;
  print('These secrets are not used any more.');
  if (former !== '') remark('Take LATCHKEY_SECRET_FORMER away from every server, and start them again.');
  remark("Servers prove another identity from their next start on: 'latchkey login' records it.");
}

const notHere = (file: '' | '_FILE'): string =>
  `The secret comes from LATCHKEY_SECRET${file}, which this command does not change. Give every server on the database the ` +
  `present secret as LATCHKEY_SECRET_FORMER${file} and a new one as LATCHKEY_SECRET${file}, and start them again.`;

const placeOf = ({ data }: Flags) => ({
  data: data ?? (process.env.LATCHKEY_DATA || defaultDataFolder()),
  environment: process.env,
});

function show({ json }: Flags, uses: readonly KeyUse[]): void {
  if (json) printJson({ secrets: uses });
  else
    printTable(
      ['SECRET', 'IS', 'TOKENS'],
      uses.map(({ id, isCurrent, tokens }) => [id, isCurrent ? 'present' : 'former', String(tokens)]),
    );
}

function common(command: Command, name: string): Command {
  return command.option('--json', 'print JSON').addHelpText('after', `\nExample:\n  latchkey key ${name}`);
}
