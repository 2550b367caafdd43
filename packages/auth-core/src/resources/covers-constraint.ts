import { hostsCover } from '../matching/host-glob.ts';
import { rangesCover } from '../matching/ip-address.ts';
import type { Steps } from '../matching/steps.ts';
import { evaluateArgument } from '../schema/evaluate-argument.ts';
import type { ArgumentConstraint, Json } from '../schema/json-schema.ts';
import { jsonEqual } from '../schema/json-value.ts';

type Keyword = keyof ArgumentConstraint;
type Implies<K extends Keyword> = (
  bound: Exclude<ArgumentConstraint[K], undefined>,
  own: ArgumentConstraint[K],
  rest: { readonly parent: ArgumentConstraint; readonly child: ArgumentConstraint; readonly steps: Steps },
) => boolean;

/**
 * Whether every value that satisfies the child satisfies the parent. That is so when the child lists its values and
 * each of them satisfies the parent, or when for each word of the parent the child has one that is at least as strict.
 */
export function coversConstraint(parent: ArgumentConstraint, child: ArgumentConstraint, steps: Steps): boolean {
  const values = listValues(child);
  if (values?.every((value) => evaluateArgument(parent, value, { steps }) === undefined)) return true;
  return Object.keys(parent).every(
    (keyword) => Object.hasOwn(IMPLIES, keyword) && impliesKeyword(keyword as Keyword, parent, child, steps),
  );
}

const STEPS_A_KEYWORD = 50;

function impliesKeyword<K extends Keyword>(
  keyword: K,
  parent: ArgumentConstraint,
  child: ArgumentConstraint,
  steps: Steps,
): boolean {
  steps.spend(STEPS_A_KEYWORD);
  const implies: Implies<K> = IMPLIES[keyword];
  const bound = parent[keyword];
  return (
    bound !== undefined &&
    implies(bound as Exclude<ArgumentConstraint[K], undefined>, child[keyword], { parent, child, steps })
  );
}

function listValues(child: ArgumentConstraint): readonly Json[] | undefined {
  return child.const === undefined ? child.enum : [child.const];
}

const atLeast = (bound: number, own: number | undefined) => own !== undefined && own >= bound;
const atMost = (bound: number, own: number | undefined) => own !== undefined && own <= bound;

function isSubset(own: readonly Json[] | undefined, bound: readonly Json[], steps: Steps): boolean {
  return own?.every((value) => bound.some((allowed) => jsonEqual(allowed, value, steps))) ?? false;
}

const IMPLIES: { readonly [K in Keyword]: Implies<K> } = {
  const: (bound, own, { steps }) => own !== undefined && jsonEqual(bound, own, steps),
  enum: (bound, own, { child: { const: only }, steps }) =>
    isSubset(own, bound, steps) || isSubset(only === undefined ? undefined : [only], bound, steps),
  type: (bound, own) => own === bound || (bound === 'number' && own === 'integer'),
  pattern: (bound, own) => own === bound,
  minimum: atLeast,
  maximum: atMost,
  minLength: atLeast,
  maxLength: atMost,
  maxItems: atMost,
  items: (bound, own, { steps }) => own !== undefined && coversConstraint(bound, own, steps),
  properties: (bound, own, { steps }) =>
    own !== undefined &&
    Object.entries(bound).every(([name, constraint]) => {
      const property = Object.hasOwn(own, name) ? own[name] : undefined;
      return property !== undefined && coversConstraint(constraint, property, steps);
    }),
  required(bound, own, { steps }) {
    if (own === undefined) return false;
    steps.spend((bound.length + own.length) * STEPS_A_KEYWORD);
    const names = new Set(own);
    return bound.every((name) => names.has(name));
  },
  // A decision compares both as they are written, so they are compared as written here as well.
  within: (bound, own, { parent, child }) =>
    own !== undefined &&
    `${own}/`.startsWith(bound.endsWith('/') ? bound : `${bound}/`) &&
    (child.hardLinks !== true || parent.hardLinks === true),
  // It widens `within`, and is compared there.
  hardLinks: () => true,
  hosts: (bound, own, { steps }) => own !== undefined && hostsCover(bound, own, steps),
  cidr: (bound, own, { steps }) => own !== undefined && rangesCover(bound, own, steps),
};
