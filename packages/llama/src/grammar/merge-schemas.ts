/** A JSON Schema from an untrusted source. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The keywords of a merged schema of which only one part's is in it. */
export const CONFLICTS = Symbol('conflicts');

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties', 'minContains'];
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties', 'maxContains'];
/** Keywords that hold only once: with two different ones, both would have to be checked. */
const SINGLE = [
  ...[
    'pattern',
    'format',
    'contains',
    'not',
    'if',
    'then',
    'else',
    'propertyNames',
    'patternProperties',
    'prefixItems',
  ],
  ...['dependentRequired', 'dependentSchemas', 'dependencies', 'anyOf', 'oneOf', '$ref', 'unevaluatedItems'],
];

/** Merges two schemas as `allOf` does, for a grammar. What cannot be merged is named under `CONFLICTS`. */
export function mergeSchemas(first: JsonSchema, second: JsonSchema): JsonSchema {
  const merged: Record<string | symbol, unknown> = { ...first, ...second };
  const conflicts = [...conflictsOf(first), ...conflictsOf(second)];
  const inBoth = (keyword: string): boolean => first[keyword] !== undefined && second[keyword] !== undefined;
  const required = [...strings(first.required), ...strings(second.required)];
  if (required.length > 0) merged.required = [...new Set(required)];
  for (const keyword of LOWER.filter(inBoth)) merged[keyword] = extreme(Math.max, first[keyword], second[keyword]);
  for (const keyword of UPPER.filter(inBoth)) merged[keyword] = extreme(Math.min, first[keyword], second[keyword]);
  if (first.uniqueItems === true) merged.uniqueItems = true;
  for (const keyword of SINGLE.filter(inBoth)) {
    if (!isEqual(first[keyword], second[keyword])) conflicts.push(keyword);
  }
  if (inBoth('allOf')) merged.allOf = [...listOf(first.allOf), ...listOf(second.allOf)];
  if (inBoth('multipleOf')) merged.multipleOf = commonMultiple(first.multipleOf, second.multipleOf, conflicts);
  if (inBoth('items')) merged.items = both(first.items, second.items);
  mergeMembers(merged, first, second);
  const [ours, theirs] = [allowedValues(first), allowedValues(second)];
  if (ours !== undefined && theirs !== undefined) {
    const known = new Set(theirs.map((value) => JSON.stringify(value)));
    merged.enum = ours.filter((value) => known.has(JSON.stringify(value)));
    delete merged.const;
  }
  if (inBoth('type')) merged.type = commonTypes(first.type, second.type);
  if (conflicts.length > 0) merged[CONFLICTS] = [...new Set(conflicts)];
  return merged;
}

/** The keywords of a merged schema that were not merged. */
export function conflictsOf(schema: JsonSchema): string[] {
  return strings((schema as Readonly<Record<symbol, unknown>>)[CONFLICTS]);
}

/** A property of one schema has to follow what the other says of it, also by `additionalProperties`. */
function mergeMembers(merged: Record<string | symbol, unknown>, first: JsonSchema, second: JsonSchema): void {
  const [ours, theirs] = [first.properties, second.properties].map((list) => (isSchema(list) ? list : {}));
  const names = [...new Set([...Object.keys(ours ?? {}), ...Object.keys(theirs ?? {})])];
  if (names.length > 0) {
    merged.properties = Object.fromEntries(
      names.map((name) => [name, both(ruleOf(first, ours ?? {}, name), ruleOf(second, theirs ?? {}, name))]),
    );
  }
  if (first.additionalProperties !== undefined && second.additionalProperties !== undefined) {
    merged.additionalProperties = both(first.additionalProperties, second.additionalProperties);
  }
}

function ruleOf(
  { additionalProperties, patternProperties }: JsonSchema,
  properties: JsonSchema,
  name: string,
): unknown {
  if (Object.hasOwn(properties, name)) return properties[name];
  return patternProperties === undefined ? (additionalProperties ?? true) : true;
}

/** What follows two schemas, of which each may be `true` or `false`. */
function both(one: unknown, other: unknown): unknown {
  if (one === false || other === false) return false;
  if (!isSchema(one)) return other;
  return isSchema(other) ? mergeSchemas(one, other) : one;
}

function extreme(choose: (...values: number[]) => number, one: unknown, other: unknown): unknown {
  return typeof one === 'number' && typeof other === 'number' ? choose(one, other) : one;
}

function commonMultiple(one: unknown, other: unknown, conflicts: string[]): unknown {
  if (one === other) return one;
  const [a, b] = [one, other].map((value) => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0));
  const common = a === undefined || b === undefined || a * b === 0 ? 0 : (a / greatestDivisor(a, b)) * b;
  if (Number.isSafeInteger(common) && common > 0) return common;
  conflicts.push('multipleOf');
  return one;
}

const greatestDivisor = (one: number, other: number): number =>
  other === 0 ? one : greatestDivisor(other, one % other);

/** Schemas come from JSON, so equal ones usually have equal texts; others count as different. */
const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The values that a schema lists. */
export function allowedValues(schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.const === undefined) return Array.isArray(schema.enum) ? schema.enum : undefined;
  if (!Array.isArray(schema.enum)) return [schema.const];
  return schema.enum.filter((value) => isEqual(value, schema.const));
}

function commonTypes(first: unknown, second: unknown): unknown {
  const ours = typesOf(first);
  const theirs = typesOf(second);
  const common = ours.filter((type) => theirs.includes(type) || (type === 'integer' && theirs.includes('number')));
  if (theirs.includes('integer') && ours.includes('number') && !common.includes('integer')) common.push('integer');
  return common;
}

/** The names in `type`, which may be one or several. */
export function typesOf(type: unknown): string[] {
  return typeof type === 'string' ? [type] : strings(type);
}

/** The strings in a list; none when the value is not a list. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
