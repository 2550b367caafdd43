import { inspectToken, type TokenInspection } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { describeGrant } from '../describe-grant.ts';
import { print, printJson, style } from '../print.ts';
import { PRESENTED, readPresentedToken } from './read-presented-token.ts';
import { addJsonOption } from './token-options.ts';

/** `latchkey token inspect`. Works offline. */
export function addInspectCommand(token: Command): void {
  const command = token
    .command('inspect')
    .argument('[token]', PRESENTED)
    .description('show what a token says of itself, without asking the server and without its secret')
    .action(inspect);
  addJsonOption(command, 'echo "$TOKEN" | latchkey token inspect -');
}

async function inspect(argument: string | undefined, flags: { readonly json?: boolean }): Promise<void> {
  const presented = await readPresentedToken(argument, process.env, process.stdin, process.stderr);
  const inspection = inspectToken(presented.token, llm);
  if (inspection.kind === undefined) {
    throw new CommandError(`What ${presented.from} has is not a token. Check that it was copied whole.`);
  }
  if (flags.json) return printJson({ ...inspection, verified: false });
  printInspection(inspection);
}

/**
 * Prints a token's contents. They are not trusted: a token can hold any text, including control characters of
 * terminals.
 */
function printInspection({ kind, id, caveats = [], claims, expiresAt }: TokenInspection): void {
  print(`kind     ${kind}`);
  if (id !== undefined) print(`id       ${id}`);
  if (expiresAt !== undefined) {
    print(`expires  ${expiresAt}${Date.parse(expiresAt) <= Date.now() ? style('red', '  expired') : ''}`);
  }
  for (const [index, caveat] of caveats.entries()) {
    print(style('bold', `caveat #${index + 1}`));
    for (const line of describeCaveat(caveat)) print(`  ${line}`);
  }
  if (claims !== undefined) {
    print(style('bold', 'claims'));
    for (const [name, value] of Object.entries(claims)) print(`  ${name}: ${JSON.stringify(value)}`);
  }
  print('Not verified: this is what the token says about itself.');
}

function describeCaveat(caveat: unknown): readonly string[] {
  return typeof caveat === 'object' && caveat !== null ? describeGrant({ ...caveat }) : [JSON.stringify(caveat)];
}
