import { globMatches } from '../matching/glob.ts';
import type { Steps } from '../matching/steps.ts';
import type { Grant, ToolRule } from './grant.ts';

/** The rules of a grant that match a tool, all of which must hold; without a name, those of every tool of the server. */
export function* matchingRules(
  mcp: NonNullable<Grant['mcp']>,
  server: string,
  name: string | undefined,
  steps: Steps,
): Generator<ToolRule> {
  for (const [serverGlob, { tools }] of Object.entries(mcp)) {
    if (!globMatches(serverGlob, server, steps)) continue;
    for (const [toolGlob, rule] of Object.entries(tools)) {
      if (name === undefined || globMatches(toolGlob, name, steps)) yield rule;
    }
  }
}
