import type { RuleLimit } from '../authority/resource-kind.ts';
import type { ToolRule, ToolRules } from './tool-rule.ts';

/** How many calls a rule allows, and in which window of time. */
export const CALL_LIMITS = [
  { name: 'callsPerMinute', window: 'minute' },
  { name: 'callsPerDay', window: 'day' },
] as const;

/** The limits of one rule, and where it is. */
export function limitsOfRule(
  rule: ToolRule,
  { server, tool }: { readonly server: string; readonly tool: string },
): readonly RuleLimit[] {
  return CALL_LIMITS.flatMap(({ name, window }) => {
    const limit = rule[name];
    return limit === undefined ? [] : [{ name, window, limit, at: [server, 'tools', tool] }];
  });
}

/** The limits of all rules. */
export function limitsOfRules(rules: ToolRules): readonly RuleLimit[] {
  return Object.entries(rules).flatMap(([server, { tools }]) =>
    Object.entries(tools).flatMap(([tool, rule]) => limitsOfRule(rule, { server, tool })),
  );
}
