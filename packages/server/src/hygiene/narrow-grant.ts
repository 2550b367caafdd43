import { type Grant, llm } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import type { NamedTool } from './tool-uses.ts';

/** The tools among these that a grant allows in chats, whatever their arguments. */
export const allowedTools = (grant: Grant, tools: readonly NamedTool[], now: Date): readonly NamedTool[] =>
  tools.filter((mcp) => {
    const actions = [...grant.actions];
    // A token without chat calls its tools through no door; what its rules name is counted all the same.
    const asked = actions.includes('*') || actions.includes('chat') ? grant : { ...grant, actions: ['chat' as const] };
    return llm.decide([{ grant: withoutTime(asked), source: 'token' }], { action: 'chat', mcp }, { now }).allowed;
  });

/**
 * A grant that allows these tools and no others, each with the rule that it has. Undefined when that cannot be written:
 * several rules with conditions hold for one tool, or its name is a pattern.
 */
export function narrowedTo(grant: Grant, used: readonly NamedTool[]): Grant | undefined {
  const rows = Object.entries(grant.mcp ?? {}).flatMap(([server, { tools }]) =>
    Object.entries(tools).map(([tool, rule]) => ({ server, tool, rule })),
  );
  const narrow = new Map<string, Record<string, object>>();
  for (const { server, name } of used) {
    if (/[*?]/.test(`${server}${name}`)) return undefined;
    const held = rows.filter((row) => matches(row, { server, name })).map(({ rule }) => rule);
    const conditions = held.filter((rule) => Object.keys(rule).length > 0);
    if (held.length === 0 || conditions.length > 1) return undefined;
    narrow.set(server, { ...narrow.get(server), [name]: conditions[0] ?? {} });
  }
  const { mcp: _, ...others } = grant;
  const mcp = Object.fromEntries([...narrow].map(([server, tools]) => [server, { tools }]));
  const narrowed = llm.parseGrant({ ...others, ...(narrow.size === 0 ? {} : { mcp }) }, { patterns: re2jsPatterns });
  // What is offered is never wider than what there is.
  return llm.covers([{ grant, source: 'token' }], narrowed).covered ? narrowed : undefined;
}

/** Whether a rule holds for a tool, as the decision reads it. */
function matches(row: { readonly server: string; readonly tool: string }, tool: NamedTool): boolean {
  const only: Grant = { actions: ['chat'], mcp: { [row.server]: { tools: { [row.tool]: {} } } } };
  const asked = { action: 'chat', mcp: tool } as const;
  return llm.decide([{ grant: only, source: 'rule' }], asked, { now: new Date(0) }).allowed;
}

/** The rules of a grant, also before it begins and after it has ended, and from anywhere. */
function withoutTime(grant: Grant): Grant {
  const { notBefore: _, expiresAt: __, networks: ___, projects: ____, ...rules } = grant;
  return rules;
}
