import { join } from 'node:path';
import type { Command } from 'commander';
import { defaultDataFolder } from '../config/own-home.ts';
import { openOperatorDesk } from './open-installation.ts';
import { print, printJson, remark } from './print.ts';

interface Flags {
  readonly data?: string;
  readonly json?: boolean;
}

/** `latchkey admin recover`. */
export function addAdminCommands(program: Command): void {
  program
    .command('admin')
    .description("get the administrator's token back")
    .command('recover')
    .description("make a new secret for the administrator's token, or a new one, on the machine of the data folder")
    .option('--data <dir>', 'the data folder (default: ~/.latchkey); its server may run meanwhile')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  latchkey admin recover')
    .action(recover);
}

/** Asks for no token: a process that can read the secret of the folder acts for its operator. */
async function recover(flags: Flags): Promise<void> {
  const data = flags.data ?? (process.env.LATCHKEY_DATA || defaultDataFolder());
  await using opened = new AsyncDisposableStack();
  const desk = await openOperatorDesk({ data, environment: process.env }, opened);
  const { id, name } = await desk.recover();
  // In a container the server has another path to the folder.
  const file = join(data, 'admin-token');
  if (flags.json) return printJson({ id, name, file });
  print(`The administrator's token '${name}' (${id}) is in ${file}. A secret that it had before works no more.`);
  remark("Commands on this machine find it by themselves: 'latchkey whoami'.");
}
