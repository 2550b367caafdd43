import type { ToolRule, ToolRules } from './tool-rule.ts';

/**
 * Converts rules from before `additionalArguments` had its third meaning: a rule with conditions that did not set it
 * admitted any further argument.
 */
export function asFormerlyRead(rules: ToolRules): ToolRules {
  return Object.freeze(
    mapValues(rules, ({ tools }) => Object.freeze({ tools: Object.freeze(mapValues(tools, readRule)) })),
  );
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
