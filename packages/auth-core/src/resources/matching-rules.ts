import { globMatches } from '../matching/glob.ts';
import { createSteps, type Steps } from '../matching/steps.ts';
import { TOOL_EFFECTS, type ToolEffect, type ToolRequest, type ToolRule, type ToolRules } from './tool-rule.ts';

/** A rule that holds for a tool. */
export interface MatchedRule {
  /** The keys that lead to it. */
  readonly server: string;
  readonly tool: string;
  readonly rule: ToolRule;
  /** Whether it allows the tool. A rule for a class only restricts a call of a tool whose class is not known. */
  readonly allows: boolean;
}

/** The rules that match a tool, all of which must hold; without a name, those of every tool of the server. */
export function* matchingRules(rules: ToolRules, asked: ToolRequest, steps: Steps): Generator<MatchedRule> {
  for (const [server, { tools }] of Object.entries(rules)) {
    if (!globMatches(server, asked.server, steps)) continue;
    for (const [tool, rule] of Object.entries(tools)) {
      const match = matchTool(tool, asked, steps);
      if (match !== 'none') yield { server, tool, rule, allows: match === 'sure' };
    }
  }
}

function matchTool(
  key: string,
  { name, effect, arguments: args }: ToolRequest,
  steps: Steps,
): 'sure' | 'maybe' | 'none' {
  if (name === undefined) return 'sure';
  const wanted = effectOf(key);
  if (wanted === undefined) return globMatches(key, name, steps) ? 'sure' : 'none';
  if (effect === undefined) return args === undefined ? 'sure' : 'maybe';
  return effect === wanted ? 'sure' : 'none';
}

/** The class that the key of a rule names; undefined for a glob. */
export function effectOf(key: string): ToolEffect | undefined {
  return TOOL_EFFECTS.find((effect) => key === `@${effect}`);
}

/**
 * Returns whether a key of a grant's rules for tools, a glob or a class, matches a tool.
 *
 * @example
 * ```ts
 * import { matchesTool } from '@latchkey/auth-core';
 *
 * console.log(matchesTool('read_*', { name: 'read_file', effect: 'readOnly' })); // true
 * console.log(matchesTool('@destructive', { name: 'read_file', effect: 'readOnly' })); // false
 * ```
 */
export function matchesTool(
  key: string,
  { name, effect }: { readonly name: string; readonly effect?: ToolEffect },
): boolean {
  const tool = { server: '', name, ...(effect !== undefined && { effect }) };
  return matchTool(key, tool, createSteps()) === 'sure';
}
