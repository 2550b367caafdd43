import { parseDateTime } from '../date-time.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import { createSteps, type Steps } from '../matching/steps.ts';
import type { TestedTexts } from '../matching/test-pattern.ts';
import type { Json, JsonSchema } from './json-schema.ts';
import { hasAtLeastCharacters, isJsonObject, isOfType, jsonEqual } from './json-value.ts';
import { findOtherSpelling } from './other-spelling.ts';

/** A path that should be in a folder, both as written. */
export interface AskedPath {
  readonly path: string;
  readonly folder: string;
  /** Whether a file may have further names (hard links), which may be outside the folder. */
  readonly hardLinks: boolean;
}

/** The dependencies of some keywords. When one is absent, the keywords that need it refuse. */
export interface EvaluationContext {
  readonly patterns?: PatternEngine;
  /** Whether a path is in a folder. */
  readonly isWithin?: (asked: AskedPath) => boolean;
  /** The results of patterns that were tested in the same decision. */
  readonly tested?: TestedTexts;
  /** The step budget; by default that of a whole decision. */
  readonly steps?: Steps;
}

/** Where and how a value violates its schema, in words that never contain the value itself. */
export interface Violation {
  /** Keys and indexes from the outermost value to the invalid one. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The valid values, when the schema lists them. */
  readonly expected?: readonly Json[];
}

/** What a keyword is checked in. */
export interface Scope extends EvaluationContext {
  readonly steps: Steps;
  /** The schema in which `$ref` is resolved. */
  readonly root: JsonSchema;
  readonly checks: Checks;
}

type Keyword = keyof JsonSchema;
/** The keywords that are known, and how each is checked. */
export type Checks = { readonly [K in Keyword]?: Check<K> };
/** How a value violates a keyword. */
export type Check<K extends Keyword> = (
  expected: Exclude<JsonSchema[K], undefined>,
  value: unknown,
  scope: Scope,
  schema: JsonSchema,
) => Violation | undefined;

/**
 * Returns how a value violates a schema, or undefined when it satisfies it. Only the first violation is returned. These
 * are the words that describe a document; `evaluateArgument` has those for arguments, too.
 *
 * It fails closed: a keyword is violated when it is unknown, does not apply to the value's type, or needs something
 * that the context lacks.
 *
 * @throws {StepsUsedUp} when it takes too many steps
 */
export function evaluate(schema: JsonSchema, value: unknown, context: EvaluationContext = {}): Violation | undefined {
  return evaluateWith(DOCUMENT_CHECKS, schema, value, context);
}

/** As {@link evaluate}, with other keywords. */
export function evaluateWith(
  checks: Checks,
  schema: JsonSchema,
  value: unknown,
  context: EvaluationContext,
): Violation | undefined {
  return evaluateIn(schema, value, { ...context, steps: context.steps ?? createSteps(), root: schema, checks });
}

const STEPS_A_KEYWORD = 30;
const STEPS_A_KEY = 50;

function evaluateIn(schema: JsonSchema, value: unknown, scope: Scope): Violation | undefined {
  for (const keyword of Object.keys(schema)) {
    scope.steps.spend(STEPS_A_KEYWORD);
    const violation = applyKeyword(keyword as Keyword, schema, value, scope);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function applyKeyword<K extends Keyword>(keyword: K, schema: JsonSchema, value: unknown, scope: Scope) {
  const check: Check<K> | undefined = Object.hasOwn(scope.checks, keyword) ? scope.checks[keyword] : undefined;
  if (check === undefined) return violate('cannot be checked: the constraint has an unknown word');
  const expected = schema[keyword];
  if (expected === undefined) return violate('cannot be checked: the constraint has an empty word');
  return check(expected as Exclude<JsonSchema[K], undefined>, value, scope, schema);
}

function violate(message: string, expected?: readonly Json[]): Violation {
  return expected === undefined ? { path: [], message } : { path: [], message, expected };
}

/** A check for texts that refuses all other values. */
export function forText<E>(check: (expected: E, text: string, scope: Scope, schema: JsonSchema) => string | undefined) {
  return (expected: E, value: unknown, scope: Scope, schema: JsonSchema): Violation | undefined => {
    const message = typeof value === 'string' ? check(expected, value, scope, schema) : 'is not a text';
    return message === undefined ? undefined : violate(message);
  };
}

function forNumber(holds: (expected: number, value: number) => boolean, word: string) {
  return (expected: number, value: unknown): Violation | undefined => {
    if (typeof value !== 'number') return violate('is not a number');
    return holds(expected, value) ? undefined : violate(`${word} ${expected}`);
  };
}

/** A check for lists or objects that refuses all other values. */
function forA<V>(what: string, isOne: (value: unknown) => value is V) {
  return <E>(check: (expected: E, value: V, scope: Scope, schema: JsonSchema) => Violation | undefined) =>
    (expected: E, value: unknown, scope: Scope, schema: JsonSchema): Violation | undefined =>
      isOne(value) ? check(expected, value, scope, schema) : violate(`is not ${what}`);
}

const forList = forA<readonly unknown[]>('a list', Array.isArray);
const forObject = forA('an object', isJsonObject);

function at(key: string | number, violation: Violation | undefined): Violation | undefined {
  return violation && { ...violation, path: [key, ...violation.path] };
}

/** The message for a name in a spelling that some readers treat as the same name. */
export const ANOTHER_SPELLING = 'has another spelling beside it or in its place';

export const holds = () => undefined;

/** The words that describe a document. */
export const DOCUMENT_CHECKS = {
  $schema: holds,
  $id: holds,
  $defs: holds,
  title: holds,
  description: holds,
  $ref(reference, value, scope) {
    const definition = scope.root.$defs?.[reference.slice('#/$defs/'.length)];
    if (definition === undefined) return violate('cannot be checked: the schema refers to nothing');
    return evaluateIn(definition, value, scope);
  },
  const: (expected, value, { steps }) =>
    jsonEqual(expected, value, steps) ? undefined : violate('is not the allowed value'),
  enum: (expected, value, { steps }) =>
    expected.some((allowed) => jsonEqual(allowed, value, steps))
      ? undefined
      : violate('is not one of the allowed values', expected),
  type: (expected, value) => (isOfType(value, expected) ? undefined : violate(`is not of type ${expected}`)),
  format: forText((_, text) => (parseDateTime(text) === undefined ? 'is not a date and time (RFC 3339)' : undefined)),
  minimum: forNumber((expected, value) => value >= expected, 'less than'),
  exclusiveMinimum: forNumber((expected, value) => value > expected, 'not more than'),
  maximum: forNumber((expected, value) => value <= expected, 'more than'),
  minLength: forText((length, text, { steps }) =>
    hasAtLeastCharacters(text, length, steps) ? undefined : `shorter than ${length}`,
  ),
  maxLength: forText((length, text, { steps }) =>
    hasAtLeastCharacters(text, length + 1, steps) ? `longer than ${length}` : undefined,
  ),
  maxItems: forList((length: number, value) =>
    value.length <= length ? undefined : violate(`has more than ${length} items`),
  ),
  items: forList((schema: JsonSchema, value, scope) => {
    for (const [index, item] of value.entries()) {
      scope.steps.spend(STEPS_A_KEY);
      const violation = at(index, evaluateIn(schema, item, scope));
      if (violation !== undefined) return violation;
    }
    return undefined;
  }),
  required: forObject((names: readonly string[], value, { steps }) => {
    steps.spend(names.length * STEPS_A_KEY);
    const other = findOtherSpelling(names, value, steps);
    if (other !== undefined) return at(other, violate(ANOTHER_SPELLING));
    const missing = names.find((name) => !Object.hasOwn(value, name) || value[name] === undefined);
    return missing === undefined ? undefined : at(missing, violate('is missing'));
  }),
  maxProperties: forObject((count: number, value) =>
    Object.keys(value).length <= count ? undefined : violate(`has more than ${count} entries`),
  ),
  properties: forObject((schemas: Readonly<Record<string, JsonSchema>>, value, scope) => {
    const other = findOtherSpelling(Object.keys(schemas), value, scope.steps);
    if (other !== undefined) return at(other, violate(ANOTHER_SPELLING));
    for (const [name, schema] of Object.entries(schemas)) {
      scope.steps.spend(STEPS_A_KEY);
      if (!Object.hasOwn(value, name) || value[name] === undefined) continue;
      const violation = at(name, evaluateIn(schema, value[name], scope));
      if (violation !== undefined) return violation;
    }
    return undefined;
  }),
  additionalProperties: forObject((additional: JsonSchema | false, value, scope, { properties = {} }) => {
    for (const [name, item] of Object.entries(value)) {
      scope.steps.spend(STEPS_A_KEY);
      if (Object.hasOwn(properties, name)) continue;
      const violation = additional
        ? evaluateIn(additional, item, scope)
        : violate('is not a known key', Object.keys(properties));
      if (violation !== undefined) return at(name, violation);
    }
    return undefined;
  }),
} satisfies Checks;
