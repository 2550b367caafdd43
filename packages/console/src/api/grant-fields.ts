import type { Grant } from './tokens.ts';

/** The actions that a grant can have, in the groups of the form. */
export const ACTION_GROUPS = {
  use: ['chat', 'embeddings', 'models:read'],
  models: ['models:load', 'models:download'],
  tools: ['mcp:read', 'mcp:write', 'approvals:decide'],
  administration: [
    'tokens:read',
    'tokens:write',
    'settings:read',
    'settings:write',
    'audit:read',
    'usage:read',
    'metrics:read',
  ],
} as const;

export const LIMITS = [
  'requestsPerMinute',
  'concurrentRequests',
  'tokensPerDay',
  'tokensPerMonth',
  'maxOutputTokens',
  'toolCallsPerRequest',
  'toolSearchAbove',
  'weight',
] as const;

export type LimitName = (typeof LIMITS)[number];

/** One rule for tools, as a row of the form; conditions on arguments are kept and edited as JSON. */
export interface ToolRow {
  readonly server: string;
  readonly tool: string;
  readonly rule: Readonly<Record<string, unknown>>;
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

/** The rules for tools of a grant, one by one. */
export const toolRows = (grant: Grant): readonly ToolRow[] =>
  Object.entries(fieldsOf(grant.mcp)).flatMap(([server, value]) =>
    Object.entries(fieldsOf(fieldsOf(value).tools)).map(([tool, rule]) => ({ server, tool, rule: fieldsOf(rule) })),
  );

/** A grant with these rules for tools; of two for the same tool the last one counts. */
export function withToolRows(grant: Grant, rows: readonly ToolRow[]): Grant {
  const mcp = Object.fromEntries(
    [...Map.groupBy(rows, ({ server }) => server)].map(([server, ofServer]) => [
      server,
      { tools: Object.fromEntries(ofServer.map(({ tool, rule }) => [tool, rule])) },
    ]),
  );
  return withField(grant, 'mcp', rows.length === 0 ? undefined : mcp);
}

export const limitsOf = (grant: Grant): Readonly<Record<string, unknown>> => fieldsOf(grant.limits);

export function withLimit(grant: Grant, name: LimitName, value: number | undefined): Grant {
  const { [name]: _, ...others } = limitsOf(grant);
  const limits = value === undefined ? others : { ...others, [name]: value };
  return withField(grant, 'limits', Object.keys(limits).length === 0 ? undefined : limits);
}

/** A grant with a field set, or without it. The order of its fields stays. */
export function withField(grant: Grant, name: string, value: unknown): Grant {
  if (value === undefined) return Object.fromEntries(Object.entries(grant).filter(([key]) => key !== name));
  return { ...grant, [name]: value };
}

/** A text with one entry a line, and back. */
export const toLines = (values: readonly string[]): string => values.join('\n');
export const fromLines = (text: string): readonly string[] | undefined => {
  const values = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return values.length === 0 ? undefined : values;
};
