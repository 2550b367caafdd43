import { globMatches } from '../matching/glob.ts';
import type { Steps } from '../matching/steps.ts';
import type { ToolRule, ToolRules } from './tool-rule.ts';

/** The rules that match a tool, all of which must hold; without a name, those of every tool of the server. */
export function* matchingRules(
  rules: ToolRules,
  server: string,
  name: string | undefined,
  steps: Steps,
): Generator<ToolRule> {
  for (const [serverGlob, { tools }] of Object.entries(rules)) {
    if (!globMatches(serverGlob, server, steps)) continue;
    for (const [toolGlob, rule] of Object.entries(tools)) {
      if (name === undefined || globMatches(toolGlob, name, steps)) yield rule;
    }
  }
}
