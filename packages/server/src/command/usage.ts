import { type Command, Option } from 'commander';
import { addCallerOptions, asCaller, type CallerFlags, connect } from './connection.ts';
import { printJson, printTable } from './print.ts';

interface Flags extends CallerFlags {
  readonly by: string;
  readonly from?: string;
  readonly to?: string;
  readonly token?: string;
  readonly json?: boolean;
}

interface Counts {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly toolCalls: number;
  /** Absent where the server has no prices. */
  readonly cost?: string;
}

interface Answer {
  readonly group: string;
  readonly rows: readonly (Counts & Readonly<Record<string, unknown>>)[];
  readonly totals: Counts;
}

/** `latchkey usage`. */
export function addUsageCommand(program: Command): void {
  addCallerOptions(program.command('usage').description('show what your tokens have used'))
    .addOption(new Option('--by <group>', 'sum by').choices(['day', 'token', 'project', 'model']).default('day'))
    .option('--from <day>', 'the first day, e.g. 2026-01-31 (default: 30 days up to the last one)')
    .option('--to <day>', 'the last day (default: today, UTC)')
    .option('--token <id>', 'only this root token')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const query = new URLSearchParams({ group: flags.by });
      for (const name of ['from', 'to', 'token'] as const) {
        const value = flags[name];
        if (value !== undefined) query.set(name, value);
      }
      const response = await connect(asCaller(flags), process.env).request('GET', `/api/v1/usage?${query}`);
      const answer = (await response.json()) as Answer;
      if (flags.json) return printJson(answer);
      const isByToken = answer.group === 'token';
      const cells = (first: unknown, name: unknown, counts: Counts): readonly string[] => [
        String(first ?? '-'),
        ...(isByToken ? [String(name ?? '-')] : []),
        ...[counts.requests, counts.inputTokens, counts.outputTokens, counts.toolCalls].map(String),
        ...(answer.totals.cost === undefined ? [] : [counts.cost ?? '-']),
      ];
      printTable(
        [
          answer.group.toUpperCase(),
          ...(isByToken ? ['NAME'] : []),
          ...['REQUESTS', 'INPUT TOKENS', 'OUTPUT TOKENS', 'TOOL CALLS'],
          ...(answer.totals.cost === undefined ? [] : ['COST']),
        ],
        [...answer.rows.map((row) => cells(row[answer.group], row.name, row)), cells('total', '', answer.totals)],
      );
    });
}
