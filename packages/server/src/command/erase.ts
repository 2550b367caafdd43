import type { Command } from 'commander';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from './connection.ts';
import { print, printJson, remark } from './print.ts';

interface Flags extends ConnectionFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Answer {
  readonly pseudonym: string;
  readonly deleted: Readonly<
    Record<'tokens' | 'responses' | 'usage' | 'approvals' | 'keyedRequests' | 'sessions' | 'logins', number>
  >;
  readonly message?: string;
}

/** `latchkey erase`. */
export function addEraseCommand(program: Command): void {
  addConnectionOptions(
    program.command('erase').description('erase a person: tokens, responses, usage, approvals, sessions'),
  )
    .argument('<owner>', 'the owner of the tokens')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  latchkey erase ada@example.com')
    .action(erase);
}

async function erase(owner: string, flags: Flags): Promise<void> {
  if (flags.yes !== true) {
    if (!process.stdin.isTTY)
      throw new CommandError('This cannot be undone: add --yes where there is no terminal.', { ending: 'usage' });
    await confirm(`Erase ${owner}: all its tokens, and all that was kept about them? This cannot be undone.`);
  }
  const response = await connect(flags, process.env).request('POST', '/api/v1/erasures', { owner });
  const answer = (await response.json()) as Answer;
  if (flags.json) return printJson(answer);
  const { tokens, responses, usage, approvals, keyedRequests, sessions, logins } = answer.deleted;
  print(
    `Erased: ${tokens} tokens, ${responses} responses, ${usage} rows of usage, ${approvals} approvals, ${keyedRequests} requests ` +
      `with a key, ${sessions} sessions, ${logins} logins at MCP servers. The audit log says so under ${answer.pseudonym}.`,
  );
  if (answer.message !== undefined) remark(answer.message);
}
