import type { RulePath } from '../authority/resource-kind.ts';
import { globCovers, globsIntersect } from '../matching/glob.ts';
import type { Steps } from '../matching/steps.ts';
import { coversConstraint } from './covers-constraint.ts';
import { effectOf } from './matching-rules.ts';
import { CALL_LIMITS } from './rule-limits.ts';
import type { ToolRule, ToolRules } from './tool-rule.ts';

interface NamedRule {
  readonly server: string;
  readonly tool: string;
  readonly rule: ToolRule;
}

/**
 * Returns the rule by which a grant's tools go beyond another's; undefined when they stay within.
 *
 * Two conditions must hold. Some rule of the parent must match everything that a rule of the child allows. And where a
 * rule of the parent narrows, the child must narrow as much: either one of the child's rules applies wherever the
 * parent's does, or each of the child's rules that overlaps with the parent's is narrow enough by itself. What is
 * counted must be counted for no more than the parent's in all: see `exceedsCalls`.
 *
 * @throws {StepsUsedUp} when it takes too many steps
 */
export function coversTools(parent: ToolRules, child: ToolRules, steps: Steps): RulePath | undefined {
  const parentRules = listRules(parent);
  const childRules = listRules(child);
  // Rules with the same names are found by a look-up; in long lists, that is most of them.
  const ruleOf = (rules: ToolRules, { server, tool }: NamedRule): ToolRule | undefined => {
    const tools = Object.hasOwn(rules, server) ? rules[server]?.tools : undefined;
    return tools !== undefined && Object.hasOwn(tools, tool) ? tools[tool] : undefined;
  };
  const unmatched = childRules.find(
    (own) => ruleOf(parent, own) === undefined && !parentRules.some((rule) => spans(rule, own, steps)),
  );
  if (unmatched !== undefined) return placeOf(unmatched);
  for (const bound of parentRules.filter(narrows)) {
    const same = ruleOf(child, bound);
    if (same !== undefined && implies(same, bound.rule, steps)) continue;
    if (childRules.some((own) => spans(own, bound, steps) && implies(own.rule, bound.rule, steps))) continue;
    const wider = childRules.find((own) => meets(own, bound, steps) && !implies(own.rule, bound.rule, steps));
    if (wider !== undefined) return placeOf(wider);
  }
  for (const bound of parentRules.filter(counts)) {
    const wider = exceedsCalls(bound, childRules, steps);
    if (wider !== undefined) return placeOf(wider);
  }
  return undefined;
}

/**
 * The child's rule by which more calls could be made than a rule of the parent allows. Each rule has a count of its own.
 * So either one of the child's rules counts all that the parent's does, or all that overlap are counted, and their limits
 * together are no more than the parent's.
 */
function exceedsCalls(bound: NamedRule, childRules: readonly NamedRule[], steps: Steps): NamedRule | undefined {
  const overlapping = childRules.filter((own) => meets(own, bound, steps));
  for (const { name } of CALL_LIMITS) {
    const most = bound.rule[name];
    if (most === undefined) continue;
    const isCounted = (own: NamedRule): boolean => own.rule[name] !== undefined && own.rule[name] <= most;
    if (overlapping.some((own) => isCounted(own) && spans(own, bound, steps))) continue;
    let left = most;
    for (const own of overlapping) {
      left -= own.rule[name] ?? Number.POSITIVE_INFINITY;
      if (left < 0) return own;
    }
  }
  return undefined;
}

const counts = ({ rule }: NamedRule): boolean => CALL_LIMITS.some(({ name }) => rule[name] !== undefined);

function listRules(rules: ToolRules): NamedRule[] {
  return Object.entries(rules).flatMap(([server, { tools }]) =>
    Object.entries(tools).map(([tool, rule]) => ({ server, tool, rule })),
  );
}

function placeOf({ server, tool }: NamedRule): RulePath {
  return [server, 'tools', tool];
}

function spans(outer: NamedRule, inner: NamedRule, steps: Steps): boolean {
  return globCovers(outer.server, inner.server, steps) && spansTools(outer.tool, inner.tool, steps);
}

function meets(left: NamedRule, right: NamedRule, steps: Steps): boolean {
  return globsIntersect(left.server, right.server, steps) && meetTools(left.tool, right.tool, steps);
}

/** A class is in itself, and in the glob that matches everything; no class is known to have all the tools of a glob. */
function spansTools(outer: string, inner: string, steps: Steps): boolean {
  const isClass = effectOf(outer) !== undefined || effectOf(inner) !== undefined;
  return isClass ? outer === inner || /^\*+$/.test(outer) : globCovers(outer, inner, steps);
}

/** A tool has one class and any name. */
function meetTools(left: string, right: string, steps: Steps): boolean {
  const [one, other] = [effectOf(left), effectOf(right)];
  if (one !== undefined && other !== undefined) return one === other;
  return one !== undefined || other !== undefined || globsIntersect(left, right, steps);
}

function narrows({ rule }: NamedRule): boolean {
  return rule.approval === 'ask' || rule.additionalArguments === false || Object.keys(rule.arguments ?? {}).length > 0;
}

const STEPS_A_RULE = 100;

/** Whether every call that satisfies the child's rule satisfies the parent's too. */
function implies(child: ToolRule, parent: ToolRule, steps: Steps): boolean {
  const own = child.arguments ?? {};
  const bounds = parent.arguments ?? {};
  const names = Object.keys(own);
  const boundNames = Object.keys(bounds);
  steps.spend((1 + names.length + boundNames.length) * STEPS_A_RULE);
  if (parent.approval === 'ask' && child.approval !== 'ask') return false;
  if (!admitsNoMore(child, parent, names.length > 0, boundNames.length > 0)) return false;
  // An argument that the child names is always present, even if the definition of the tool does not name it.
  if (isClosed(parent, boundNames.length > 0) && !names.every((name) => Object.hasOwn(bounds, name))) return false;
  return Object.entries(bounds).every(([name, bound]) => {
    const constraint = Object.hasOwn(own, name) ? own[name] : undefined;
    return constraint !== undefined && coversConstraint(bound, constraint, steps);
  });
}

/** Whether a rule restricts which further arguments are admitted. */
const isClosed = ({ additionalArguments }: ToolRule, hasConditions: boolean): boolean =>
  additionalArguments === false || (additionalArguments === undefined && hasConditions);

function admitsNoMore(child: ToolRule, parent: ToolRule, childHas: boolean, parentHas: boolean): boolean {
  if (parent.additionalArguments === false) return child.additionalArguments === false;
  return !isClosed(parent, parentHas) || isClosed(child, childHas);
}
