import { globsCover } from '../matching/glob.ts';
import { rangesCover } from '../matching/ip-address.ts';
import { evaluate } from '../schema/evaluate.ts';
import type { ArgumentConstraint, Json } from '../schema/json-schema.ts';
import { jsonEqual } from '../schema/json-value.ts';

type Keyword = keyof ArgumentConstraint;
type Implies<K extends Keyword> = (
  bound: Exclude<ArgumentConstraint[K], undefined>,
  own: ArgumentConstraint[K],
  child: ArgumentConstraint,
) => boolean;

/**
 * Says whether every value that satisfies the child satisfies the parent: the child lists its values and each of
 * them does, or each word of the parent is answered by a word of the child that is at least as strict.
 */
export function coversConstraint(parent: ArgumentConstraint, child: ArgumentConstraint): boolean {
  const values = listValues(child);
  if (values?.every((value) => evaluate(parent, value) === undefined)) return true;
  return Object.keys(parent).every(
    (keyword) => Object.hasOwn(IMPLIES, keyword) && impliesKeyword(keyword as Keyword, parent, child),
  );
}

function impliesKeyword<K extends Keyword>(keyword: K, parent: ArgumentConstraint, child: ArgumentConstraint): boolean {
  const implies: Implies<K> = IMPLIES[keyword];
  const bound = parent[keyword];
  return bound !== undefined && implies(bound as Exclude<ArgumentConstraint[K], undefined>, child[keyword], child);
}

function listValues(child: ArgumentConstraint): readonly Json[] | undefined {
  return child.const === undefined ? child.enum : [child.const];
}

const atLeast = (bound: number, own: number | undefined) => own !== undefined && own >= bound;
const atMost = (bound: number, own: number | undefined) => own !== undefined && own <= bound;

function isSubset(own: readonly Json[] | undefined, bound: readonly Json[]): boolean {
  return own?.every((value) => bound.some((allowed) => jsonEqual(allowed, value))) ?? false;
}

const IMPLIES: { readonly [K in Keyword]: Implies<K> } = {
  const: (bound, own) => own !== undefined && jsonEqual(bound, own),
  enum: (bound, own, { const: only }) =>
    isSubset(own, bound) || isSubset(only === undefined ? undefined : [only], bound),
  type: (bound, own) => own === bound || (bound === 'number' && own === 'integer'),
  pattern: (bound, own) => own === bound,
  minimum: atLeast,
  maximum: atMost,
  minLength: atLeast,
  maxLength: atMost,
  maxItems: atMost,
  items: (bound, own) => own !== undefined && coversConstraint(bound, own),
  properties: (bound, own) =>
    own !== undefined &&
    Object.entries(bound).every(([name, constraint]) => {
      const property = Object.hasOwn(own, name) ? own[name] : undefined;
      return property !== undefined && coversConstraint(constraint, property);
    }),
  required: (bound, own) => own !== undefined && bound.every((name) => own.includes(name)),
  // Both are compared as they are written when a call is decided, so writing is what counts here too.
  within: (bound, own) => own !== undefined && `${own}/`.startsWith(bound.endsWith('/') ? bound : `${bound}/`),
  hosts: (bound, own) => own !== undefined && globsCover(bound, own),
  cidr: (bound, own) => own !== undefined && rangesCover(bound, own),
};
