import { call } from './call.ts';

export const USAGE_GROUPS = ['day', 'token', 'project', 'model'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

interface Counts {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly toolCalls: number;
}

export type UsageRow = Counts & {
  readonly day?: string;
  readonly token?: string;
  readonly name?: string | null;
  readonly project?: string | null;
  readonly model?: string;
};

export interface UsageReport {
  readonly from: string;
  readonly to: string;
  readonly rows: readonly UsageRow[];
  readonly totals: Counts;
}

export const COUNTS = ['requests', 'inputTokens', 'outputTokens', 'toolCalls'] as const;

export function readUsage(group: UsageGroup, from: string, to: string): Promise<UsageReport> {
  const query = new URLSearchParams({ group, ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) });
  return call('GET', `/api/v1/usage?${query}`);
}

/** What a row is about. */
export const subjectOf = ({ day, token, name, project, model }: UsageRow, none: string): string =>
  day ?? name ?? token ?? model ?? project ?? none;

/** A report as CSV (RFC 4180). A text that a spreadsheet would take for a formula begins with an apostrophe. */
export function toCsv(rows: readonly UsageRow[], head: readonly string[], none: string): string {
  const lines = rows.map((row) => [cell(subjectOf(row, none)), ...COUNTS.map((name) => String(row[name]))].join(','));
  return `${[head.map(cell).join(','), ...lines].join('\r\n')}\r\n`;
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
