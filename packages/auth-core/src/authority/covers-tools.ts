import { globCovers, globsIntersect } from '../matching/glob.ts';
import { coversConstraint } from './covers-constraint.ts';
import type { Grant, ToolRule } from './grant.ts';

type McpGrant = NonNullable<Grant['mcp']>;

interface NamedRule {
  readonly server: string;
  readonly tool: string;
  readonly rule: ToolRule;
}

/**
 * Names the rule by which a grant's tools go beyond another's, or undefined when they stay within.
 *
 * Two things must hold. What a rule of the child allows, some rule of the parent must match. And where a rule of the
 * parent narrows, the child must narrow as much: either one of its rules is in force wherever the parent's is, or
 * each of its rules that meets the parent's does so by itself.
 */
export function coversTools(parent: McpGrant, child: McpGrant): string | undefined {
  const parentRules = listRules(parent);
  const childRules = listRules(child);
  const unmatched = childRules.find((own) => !parentRules.some((rule) => spans(rule, own)));
  if (unmatched !== undefined) return printRule(unmatched);
  for (const bound of parentRules.filter(narrows)) {
    if (childRules.some((own) => spans(own, bound) && implies(own.rule, bound.rule))) continue;
    const wider = childRules.find((own) => meets(own, bound) && !implies(own.rule, bound.rule));
    if (wider !== undefined) return printRule(wider);
  }
  return undefined;
}

function listRules(mcp: McpGrant): NamedRule[] {
  return Object.entries(mcp).flatMap(([server, { tools }]) =>
    Object.entries(tools).map(([tool, rule]) => ({ server, tool, rule })),
  );
}

function printRule({ server, tool }: NamedRule): string {
  return `mcp[${JSON.stringify(server)}].tools[${JSON.stringify(tool)}]`;
}

function spans(outer: NamedRule, inner: NamedRule): boolean {
  return globCovers(outer.server, inner.server) && globCovers(outer.tool, inner.tool);
}

function meets(left: NamedRule, right: NamedRule): boolean {
  return globsIntersect(left.server, right.server) && globsIntersect(left.tool, right.tool);
}

function narrows({ rule }: NamedRule): boolean {
  return rule.approval === 'ask' || rule.additionalArguments === false || Object.keys(rule.arguments ?? {}).length > 0;
}

/** Says whether what holds under the child's rule holds under the parent's too. */
function implies(child: ToolRule, parent: ToolRule): boolean {
  const own = child.arguments ?? {};
  const bounds = parent.arguments ?? {};
  if (parent.approval === 'ask' && child.approval !== 'ask') return false;
  if (parent.additionalArguments === false) {
    if (child.additionalArguments !== false) return false;
    if (!Object.keys(own).every((name) => Object.hasOwn(bounds, name))) return false;
  }
  return Object.entries(bounds).every(([name, bound]) => {
    const constraint = Object.hasOwn(own, name) ? own[name] : undefined;
    return constraint !== undefined && coversConstraint(bound, constraint);
  });
}
