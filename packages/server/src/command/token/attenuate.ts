import { attenuateToken, inspectToken } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import type { Command } from 'commander';
import { print, printJson, remark } from '../print.ts';
import { type CaveatFlags, writeCaveat } from './caveat.ts';
import { PRESENTED, readPresentedToken } from './read-presented-token.ts';
import { addJsonOption, collect, GRANT } from './token-options.ts';

interface Flags extends CaveatFlags {
  readonly json?: boolean;
}

/** `latchkey token attenuate`. Works offline. */
export function addAttenuateCommand(token: Command): void {
  const command = token
    .command('attenuate')
    .argument('[token]', PRESENTED)
    .description('make a narrower token of one, without asking the server; it ends with the one that it is made of')
    .option(GRANT, 'what it may do at most; what the grant does not mention it denies')
    .option('--expires <when>', 'until when, e.g. 10m')
    .option('--models <globs>', 'with which models, e.g. ibm/*', collect)
    .option('--tools <globs>', "with which tools, e.g. mcp/files.read_*,mcp/web, or 'none'", collect)
    .action(attenuate);
  addJsonOption(
    command,
    'latchkey token attenuate --expires 10m --tools none\n  echo "$TOKEN" | latchkey token attenuate - --models ibm/*',
  );
}

async function attenuate(argument: string | undefined, flags: Flags): Promise<void> {
  const caveat = writeCaveat(flags, new Date());
  const presented = await readPresentedToken(argument, process.env, process.stdin, process.stderr);
  const token = await attenuateToken(llm, presented.token, caveat);
  if (flags.json) return printJson({ token, ...inspectToken(token, llm) });
  print(token);
  const { kind, id } = inspectToken(presented.token, llm);
  const named = id === undefined ? kind : `${id}, ${kind}`;
  remark(`Narrower than the token of ${presented.from} (${named}), and ends with it.`);
}
