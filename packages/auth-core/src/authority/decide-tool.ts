import type { Steps } from '../matching/steps.ts';
import { ANOTHER_SPELLING, type EvaluationContext, evaluate, type Violation } from '../schema/evaluate.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { findOtherSpelling } from '../schema/other-spelling.ts';
import type { ToolRequest, Verdict } from './decide.ts';
import type { Grant, ToolRule } from './grant.ts';
import { matchingRules } from './matching-rules.ts';
import { printName } from './print-name.ts';

/** What the arguments of a tool are judged with. */
export interface ToolContext extends EvaluationContext {
  readonly steps: Steps;
}

/** Decides a tool by all the rules that match it: one must, and every one that does must hold. */
export function decideTool(mcp: NonNullable<Grant['mcp']>, tool: ToolRequest, context: ToolContext): Verdict {
  const { server, name } = tool;
  let granted = false;
  let approval = false;
  for (const rule of matchingRules(mcp, server, name, context.steps)) {
    granted = true;
    if (name === undefined) break;
    approval ||= rule.approval === 'ask';
    const problem = tool.arguments === undefined ? undefined : checkArguments(rule, tool, context);
    if (problem !== undefined) {
      return { rule: 'arguments', reason: `${printName(`${server}.${name}`)}: ${problem}` };
    }
  }
  if (granted) return { approval };
  return { rule: 'mcp', reason: `${printName(name === undefined ? server : `${server}.${name}`)} is not granted` };
}

const STEPS_A_NAME = 50;

function checkArguments(
  { arguments: constraints = {}, additionalArguments }: ToolRule,
  { arguments: values, argumentNames = [] }: ToolRequest,
  context: ToolContext,
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
    const violation = evaluate(constraint, value, context);
    if (violation !== undefined) return `argument ${printName(printArgument(name, violation))} ${violation.message}`;
  }
  return undefined;
}

const UNNAMED = 'an argument that the grant does not name';
const UNKNOWN = 'an argument that neither the grant nor the definition of the tool names';

/** Keys of the path come from the grant, so nothing of the call is told. */
function printArgument(name: string, { path }: Violation): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`), name);
}
