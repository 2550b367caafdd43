import { matchesGlob } from '../matching/glob.ts';
import { createEffort, type EvaluationContext, evaluate, type Violation } from '../schema/evaluate.ts';
import { isJsonObject } from '../schema/json-value.ts';
import type { ToolRequest, Verdict } from './decide.ts';
import type { Grant, ToolRule } from './grant.ts';
import { printName } from './print-name.ts';

/** Decides a tool by all the rules that match it: one must, and every one that does must hold. */
export function decideTool(mcp: NonNullable<Grant['mcp']>, tool: ToolRequest, context: EvaluationContext): Verdict {
  const { server, name } = tool;
  // For each grant anew, so that a list of grants decides as its members do.
  const scope = tool.arguments === undefined ? context : { ...context, effort: createEffort() };
  let granted = false;
  let approval = false;
  for (const [serverGlob, { tools }] of Object.entries(mcp)) {
    if (!matchesGlob(serverGlob, server)) continue;
    if (name === undefined) {
      granted ||= Object.keys(tools).length > 0;
      continue;
    }
    // Of a thousand rules most say nothing of a tool: only those that do are looked at closer.
    for (const toolGlob of Object.keys(tools)) {
      const rule = matchesGlob(toolGlob, name) ? tools[toolGlob] : undefined;
      if (rule === undefined) continue;
      granted = true;
      approval ||= rule.approval === 'ask';
      const problem = tool.arguments === undefined ? undefined : checkArguments(rule, tool.arguments, scope);
      if (problem !== undefined) {
        return { rule: 'arguments', reason: `${printName(`${server}.${name}`)}: ${problem}` };
      }
    }
  }
  if (granted) return { approval };
  return { rule: 'mcp', reason: `${printName(name === undefined ? server : `${server}.${name}`)} is not granted` };
}

function checkArguments(
  { arguments: constraints = {}, additionalArguments = true }: ToolRule,
  values: Readonly<Record<string, unknown>>,
  context: EvaluationContext,
): string | undefined {
  if (!isJsonObject(values)) return 'the arguments are not an object';
  if (!additionalArguments && !Object.keys(values).every((name) => Object.hasOwn(constraints, name))) {
    return 'an argument that the grant does not name';
  }
  for (const [name, constraint] of Object.entries(constraints)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return `argument ${printName(name)} is missing`;
    const violation = evaluate(constraint, value, context);
    if (violation !== undefined) return `argument ${printName(printArgument(name, violation))} ${violation.message}`;
  }
  return undefined;
}

/** Keys of the path come from the grant, so nothing of the call is told. */
function printArgument(name: string, { path }: Violation): string {
  return path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${key}`), name);
}
