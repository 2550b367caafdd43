import { createAskedPaths } from '../authority/asked-paths.ts';
import type { ConditionCheck, Conditions, RulePath } from '../authority/resource-kind.ts';
import { MAXIMUM_PATTERN_SIZE, patternCost } from '../matching/pattern-size.ts';
import { isTooLarge } from '../matching/test-pattern.ts';
import type { ArgumentConstraint } from '../schema/json-schema.ts';

/**
 * What a resource kind of one's own needs that has conditions on arguments, as `tools()` has: put it at `conditions`,
 * and `RuleCheck.constraint` reads them.
 */
export const argumentConditions: Conditions = Object.freeze({ check, openPaths: createAskedPaths });

function check(constraint: ArgumentConstraint, path: RulePath, how: ConditionCheck): void {
  how.ranges(constraint.cidr, [...path, 'cidr']);
  how.hosts(constraint.hosts, [...path, 'hosts']);
  if (constraint.hardLinks !== undefined && constraint.within === undefined) {
    how.refuse([...path, 'hardLinks'], 'says something of `within`, and stands beside it');
  }
  if (constraint.pattern !== undefined) checkPattern(constraint.pattern, [...path, 'pattern'], how);
  if (constraint.items !== undefined) check(constraint.items, [...path, 'items'], how);
  for (const [name, property] of Object.entries(constraint.properties ?? {})) {
    check(property, [...path, 'properties', name], how);
  }
}

function checkPattern(pattern: string, path: RulePath, { refuse, patterns }: ConditionCheck): void {
  const { engine, bounded, left } = patterns;
  const cost = patternCost(pattern);
  if (bounded && isTooLarge(cost)) {
    refuse(
      path,
      `is too large: with its repetitions written out it may have ${MAXIMUM_PATTERN_SIZE} parts, some twenty \\p{…}, and no \\Q`,
    );
  }
  left.steps -= cost.compiling;
  if (bounded && left.steps < 0) refuse(path, 'is too much beside the patterns before it');
  try {
    engine?.compile(pattern);
  } catch {
    refuse(path, 'is not a pattern in RE2 notation');
  }
}
