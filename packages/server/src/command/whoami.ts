import type { Identity } from '@latchkey/client';
import type { Command } from 'commander';
import { inPlainWords } from './api-client.ts';
import { addCallerOptions, asCaller, type CallerFlags, connectClient } from './connection.ts';
import { describeGrant } from './describe-grant.ts';
import { print, printJson, style } from './print.ts';

/** `latchkey whoami`. */
export function addWhoamiCommand(program: Command): void {
  addCallerOptions(program.command('whoami').description('show whose token you use and what it may do'))
    .option('--json', 'print JSON')
    .action(async (flags: CallerFlags & { json?: boolean }) => {
      const client = connectClient(asCaller(flags), process.env);
      const identity = await inPlainWords(() => client.auth.whoami());
      if (flags.json) printJson(identity);
      else printIdentity(identity, client.url);
    });
}

function printIdentity(identity: Identity, url: string): void {
  print(`${style('bold', identity.name)}  ${identity.id}  ${identity.kind}`);
  print(`owner    ${identity.owner}`);
  if (identity.project !== null) print(`project  ${identity.project}`);
  print(`server   ${url}`);
  print(`expires  ${identity.expiresAt ?? 'never'}`);
  for (const { name, source, rule, limit, remaining, resetSeconds } of identity.limits) {
    const reset = resetSeconds === undefined ? '' : `, all of it again in ${resetSeconds} s`;
    const of = rule === undefined ? '' : ` of ${rule}`;
    print(`left     ${remaining} of ${limit} ${name}${of} (${source})${reset}`);
  }
  print('A request must satisfy each of:');
  for (const { source, grant } of identity.authority) {
    print(style('bold', source));
    for (const line of describeGrant(grant)) print(`  ${line}`);
  }
}
