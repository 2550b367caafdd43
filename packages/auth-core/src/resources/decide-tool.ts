import { printName } from '../authority/print-name.ts';
import type { RuleContext, RuleLimit, RuleVerdict } from '../authority/resource-kind.ts';
import { ANOTHER_SPELLING, type Violation } from '../schema/evaluate.ts';
import { evaluateArgument } from '../schema/evaluate-argument.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { findOtherSpelling } from '../schema/other-spelling.ts';
import { matchingRules } from './matching-rules.ts';
import { limitsOfRule } from './rule-limits.ts';
import type { ToolRequest, ToolRule, ToolRules } from './tool-rule.ts';

/** A readable name of a tool; without a tool, of its server. */
export function nameTool({ server, name }: ToolRequest): string {
  return name === undefined ? server : `${server}.${name}`;
}

/** Decides a tool by its rules: at least one must match it, and every matching rule must hold. */
export function decideTool(rules: ToolRules, tool: ToolRequest, context: RuleContext): RuleVerdict {
  const { name } = tool;
  let granted = false;
  let approval = false;
  const limits: RuleLimit[] = [];
  for (const { rule, allows, ...keys } of matchingRules(rules, tool, context.steps)) {
    granted ||= allows;
    if (name === undefined) break;
    limits.push(...limitsOfRule(rule, keys));
    approval ||= rule.approval === 'ask';
    const problem = tool.arguments === undefined ? undefined : checkArguments(rule, tool, context);
    if (problem !== undefined) {
      return { allowed: false, rule: 'arguments', reason: `${printName(nameTool(tool))}: ${problem}` };
    }
  }
  if (granted) return { allowed: true, approval, ...(limits.length > 0 && { limits }) };
  return { allowed: false, reason: `${printName(nameTool(tool))} is not granted` };
}

const STEPS_A_NAME = 50;

function checkArguments(
  { arguments: constraints = {}, additionalArguments }: ToolRule,
  { arguments: values, argumentNames = [] }: ToolRequest,
  context: RuleContext,
): string | undefined {
  if (!isJsonObject(values)) return 'the arguments are not an object';
  const named = Object.keys(constraints);
  const other = findOtherSpelling(named, values, context.steps);
  if (other !== undefined) return `argument ${printName(other)} ${ANOTHER_SPELLING}`;
  if (additionalArguments === false || (additionalArguments === undefined && named.length > 0)) {
    const known = new Set(additionalArguments === false ? named : [...named, ...argumentNames]);
    const names = Object.keys(values);
    context.steps.spend((known.size + names.length) * STEPS_A_NAME);
    if (!names.every((name) => known.has(name))) {
      return additionalArguments === false ? UNNAMED : UNKNOWN;
    }
  }
  for (const [name, constraint] of Object.entries(constraints)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return `argument ${printName(name)} is missing`;
    const violation = evaluateArgument(constraint, value, context);
    if (violation !== undefined) return `argument ${printName(printArgument(name, violation))} ${violation.message}`;
  }
  return undefined;
}

const UNNAMED = 'an argument that the grant does not name';
const UNKNOWN = 'an argument that neither the grant nor the definition of the tool names';

/** Keys of the path come from the grant, so nothing of the call is revealed. */
function printArgument(name: string, { path }: Violation): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`), name);
}
