import type { Grant, ToolRule } from './grant.ts';

/**
 * A grant of the time before `additionalArguments` had its third meaning: a rule with conditions that said nothing of it admitted
 * any further argument.
 */
export function asFormerlyRead(grant: Grant): Grant {
  if (grant.mcp === undefined) return grant;
  const mcp = mapValues(grant.mcp, ({ tools }) => Object.freeze({ tools: Object.freeze(mapValues(tools, readRule)) }));
  return Object.freeze({ ...grant, mcp: Object.freeze(mcp) });
}

function readRule(rule: ToolRule): ToolRule {
  const hasConditions = Object.keys(rule.arguments ?? {}).length > 0;
  return hasConditions && rule.additionalArguments === undefined
    ? Object.freeze({ ...rule, additionalArguments: true })
    : rule;
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
