import type { Command } from 'commander';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, remark } from './print.ts';

interface Flags extends ConnectionFlags {
  readonly json?: boolean;
}

interface Link {
  readonly code: string;
  readonly expiresAt: string;
}

/** `latchkey console`. */
export function addConsoleCommand(program: Command): void {
  addConnectionOptions(
    program.command('console').description('print a link that signs a browser of this machine in, once'),
  )
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const client = connect(flags, process.env);
      const answer = await client.request('POST', '/api/v1/sessions/links');
      const { code, expiresAt } = (await answer.json()) as Link;
      // Browsers send no fragment, so the code is in no request line and in no log of a proxy.
      const url = `${client.url.replace(/\/$/, '')}/console#link=${code}`;
      if (flags.json) return printJson({ url, expiresAt });
      print(url);
      remark(`It can be opened once, on this machine, until ${expiresAt}.`);
    });
}
