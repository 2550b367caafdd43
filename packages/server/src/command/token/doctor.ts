import type { Grant } from '@latchkey/auth-core/llm';
import { type Command, Option } from 'commander';
import { FINDING_KINDS, type FindingKind, type TokenFinding } from '../../hygiene/finding.ts';
import { addConnectionOptions, type ConnectionFlags, connect } from '../connection.ts';
import { print, printJson, printTable, remark, toJson } from '../print.ts';
import { overHttp } from './administer-tokens.ts';
import { findTokenId } from './find-token.ts';
import { addJsonOption } from './token-options.ts';

interface Flags extends ConnectionFlags {
  readonly kind?: FindingKind;
  readonly token?: string;
  readonly json?: boolean;
}

interface Answer {
  readonly tokens: number;
  readonly toolCallsSince: string | null;
  readonly counts: Readonly<Record<FindingKind, number>>;
  readonly findings: readonly TokenFinding[];
  readonly narrowed?: Grant;
}

/** `latchkey token doctor`. The server looks at the tokens, so the console shows the same. */
export function addTokenDoctorCommand(token: Command): void {
  const command = addConnectionOptions(token.command('doctor'))
    .description('find tokens that are not used, that never end, that have no limits, or that may do more than they do')
    .addOption(new Option('--kind <kind>', 'only this kind of finding').choices([...FINDING_KINDS]))
    .option(
      '--token <token>',
      'only this token, by its id or its name, with its grant narrowed to the tools that it used',
    )
    .action(examine);
  addJsonOption(command, 'latchkey token doctor\n  latchkey token doctor --token aB3dE5gH --json');
}

async function examine(flags: Flags): Promise<void> {
  const client = connect(flags, process.env);
  const id = flags.token === undefined ? undefined : await findTokenId(overHttp(client), flags.token);
  const query = new URLSearchParams();
  if (flags.kind !== undefined) query.set('kind', flags.kind);
  if (id !== undefined) query.set('token', id);
  const answer = (await (await client.request('GET', `/api/v1/token-doctor?${query}`)).json()) as Answer;
  if (flags.json) return printJson(answer);
  const { findings, counts, tokens, toolCallsSince, narrowed } = answer;
  if (findings.length === 0) print(`Nothing to look at in ${tokens === 1 ? 'one token' : `${tokens} tokens`}.`);
  else {
    printTable(
      ['FOUND', 'ID', 'NAME', 'OWNER', 'WHAT'],
      findings.map(({ kind, token, message }) => [kind, token.id, token.name, token.owner, message]),
    );
  }
  if (id === undefined) {
    for (const kind of FINDING_KINDS) {
      const shown = findings.filter((one) => one.kind === kind).length;
      if (shown > 0 && shown < counts[kind]) remark(`${counts[kind] - shown} more with ${kind}: --kind ${kind}`);
    }
  }
  if (toolCallsSince === null) {
    remark(
      'Which tools were called is not known: it takes audit:read for all projects, and a log that is not too long.',
    );
  }
  if (narrowed !== undefined && id !== undefined) {
    remark(`Its grant, narrowed. To save it: latchkey token edit ${id} --grant @FILE`);
    print(toJson(narrowed));
  }
}
