import type { Command } from 'commander';
import { type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, style } from './print.ts';

interface Identity {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly owner: string;
  readonly project: string | null;
  readonly expiresAt: string | null;
  readonly limits: readonly {
    readonly name: string;
    readonly source: string;
    readonly limit: number;
    readonly remaining: number;
  }[];
  readonly authority: readonly { readonly source: string; readonly grant: unknown }[];
}

/** `latchkey whoami`. */
export function addWhoamiCommand(program: Command): void {
  program
    .command('whoami')
    .description('show whose token you use and what it may do')
    .option('--url <url>', 'the server (default: the one that runs here)')
    .option('--data <dir>', 'the data folder of the server')
    .option('--json', 'print JSON')
    .action(async (flags: ConnectionFlags & { json?: boolean }) => {
      const response = await connect(flags, process.env).request('GET', '/api/v1/whoami');
      const identity = (await response.json()) as Identity;
      if (flags.json) return printJson(identity);
      print(`${style('bold', identity.name)}  ${identity.id}  ${identity.kind}`);
      print(`owner    ${identity.owner}`);
      if (identity.project !== null) print(`project  ${identity.project}`);
      print(`expires  ${identity.expiresAt ?? 'never'}`);
      for (const { name, source, limit, remaining } of identity.limits)
        print(`${name}  ${remaining} of ${limit} left (${source})`);
      print('A request must satisfy each of:');
      for (const { source, grant } of identity.authority) print(`- ${source}: ${JSON.stringify(grant)}`);
    });
}
