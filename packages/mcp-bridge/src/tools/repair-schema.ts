import { dropLostReferences } from './schema-references.ts';

type Schema = Record<string, unknown>;

/** The words of JSON Schema; a type that is none of them says nothing that could be checked. */
const typeNames = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);
/** What Go, Python and OpenAPI call the same types. */
const otherTypeNames: Readonly<Record<string, string>> = {
  int: 'integer',
  float: 'number',
  double: 'number',
  bool: 'boolean',
};

/** Keywords whose values are schemas, lists of schemas, and schemas by name. */
const schemaWords = ['not', 'if', 'then', 'else', 'contains', 'propertyNames', 'items', 'contentSchema'];
const openWords = ['additionalProperties', 'additionalItems', 'unevaluatedProperties', 'unevaluatedItems'];
const listWords = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];
const namedWords = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];
const limitWords = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
const countWords = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'].concat([
  'minContains',
  'maxContains',
]);
const textWords = ['pattern', '$anchor', '$dynamicAnchor', '$dynamicRef', '$comment', 'title', 'description', 'format'];

/** What became of a schema. */
export interface RepairedSchema {
  readonly schema: Schema;
  /** The dialect to check it by; absent: the protocol's default. */
  readonly dialect?: string;
  /** What could not be read and is left to the server to check, in words for its operator. */
  readonly notes: readonly string[];
}

/**
 * Reads the schema of a tool's arguments as its author meant it: null is absent, a missing type at the top is `object`,
 * words of draft 4, of draft 7 and of OpenAPI are those of 2020-12, whatever `$schema` says, and what means nothing is
 * left out, since the server checks its arguments anyway. A schema that declares draft 6 or 7 keeps that draft's
 * meaning. Undefined when it cannot be the schema of an object. Its size must be bounded already (`excessOf`).
 */
export function repairSchema(raw: unknown): RepairedSchema | undefined {
  if (raw === undefined || raw === null || raw === true) return { schema: { type: 'object' }, notes: [] };
  if (!isObject(raw)) return undefined;
  // Arguments are never null as a whole.
  const { $schema: declared, nullable: _, ...top } = raw;
  const isOlder = typeof declared === 'string' && /draft-0[67]/.test(declared);
  const isKept = typeof declared === 'string' && (isOlder || declared.includes('2020-12'));
  const schema = repair(top, { isOlder });
  if (schema.type === undefined || schema.type === 'object') schema.type = 'object';
  else if (Array.isArray(schema.type) && schema.type.includes('object')) schema.type = 'object';
  else return undefined;
  const notes = dropLostReferences(schema);
  return { schema, ...(isKept ? { dialect: declared } : {}), notes };
}

interface Draft {
  /** Draft 6 or 7, whose `items` may be a list. */
  readonly isOlder: boolean;
}

/** A schema in any place: what is no schema allows everything. */
function repairAny(value: unknown, draft: Draft): Schema {
  if (value === false) return { not: {} };
  if (typeof value === 'string') return repair({ type: value }, draft);
  return isObject(value) ? repair(value, draft) : {};
}

function repair(raw: Schema, draft: Draft): Schema {
  const schema = withoutNulls(raw);
  // Draft 4's `id` is the `$id` of later drafts. The names of arguments are in `properties`, never here.
  delete schema.id;
  delete schema.$recursiveAnchor;
  if (schema.$recursiveRef === '#') schema.$ref ??= '#';
  delete schema.$recursiveRef;
  if (typeof schema.$ref !== 'string') delete schema.$ref;
  repairWords(schema);
  repairLimits(schema);
  repairItems(schema, draft);
  repairInner(schema, draft);
  repairDependencies(schema, draft);
  repairRequired(schema, raw);
  return withNullable(schema);
}

function withoutNulls(raw: Schema): Schema {
  // What is null in `const`, `default` and `example` is a value.
  const values = ['const', 'default', 'example'];
  return Object.fromEntries(Object.entries(raw).filter(([key, value]) => value !== null || values.includes(key)));
}

function repairWords(schema: Schema): void {
  const types = [schema.type].flat().flatMap((type) => {
    if (typeof type !== 'string') return [];
    const name = type.toLowerCase();
    const known = otherTypeNames[name] ?? name;
    return typeNames.has(known) ? [known] : [];
  });
  // Of a list with one unknown type, the others would refuse what the unknown one allows.
  const isWhole = types.length > 0 && types.length === [schema.type].flat().length;
  if (!isWhole) delete schema.type;
  else schema.type = types.length === 1 ? types[0] : [...new Set(types)];
  if (!Array.isArray(schema.enum) || schema.enum.length === 0) delete schema.enum;
  for (const word of textWords) if (typeof schema[word] !== 'string') delete schema[word];
  if (typeof schema.uniqueItems !== 'boolean') delete schema.uniqueItems;
}

function repairLimits(schema: Schema): void {
  for (const [exclusive, limit] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof schema[exclusive] !== 'boolean') continue;
    // Draft 4 and OpenAPI 3.0: the limit itself is excluded.
    if (schema[exclusive] && schema[limit] !== undefined) {
      schema[exclusive] = schema[limit];
      delete schema[limit];
    } else delete schema[exclusive];
  }
  for (const word of [...limitWords, ...countWords]) {
    if (schema[word] === undefined) continue;
    const value = numberOf(schema[word]);
    const isCount = countWords.includes(word);
    const isFit = isCount ? Number.isSafeInteger(value) && value >= 0 : word !== 'multipleOf' || value > 0;
    if (Number.isFinite(value) && isFit) schema[word] = value;
    else delete schema[word];
  }
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

function repairItems(schema: Schema, { isOlder }: Draft): void {
  if (!Array.isArray(schema.items)) return;
  if (isOlder && schema.items.length > 0) return;
  if (schema.items.length > 0) schema.prefixItems ??= schema.items;
  delete schema.items;
  if (schema.additionalItems !== undefined) schema.items = schema.additionalItems;
  delete schema.additionalItems;
}

function repairInner(schema: Schema, draft: Draft): void {
  for (const word of schemaWords) {
    const value = schema[word];
    if (value === undefined) continue;
    // A list of schemas by position, in draft 6 and 7.
    if (word === 'items' && Array.isArray(value)) schema.items = value.map((item) => repairAny(item, draft));
    else schema[word] = repairAny(value, draft);
  }
  for (const word of openWords) {
    const value = schema[word];
    if (value !== undefined && typeof value !== 'boolean') schema[word] = repairAny(value, draft);
  }
  for (const word of listWords) {
    const value = isObject(schema[word]) ? [schema[word]] : schema[word];
    if (Array.isArray(value) && value.length > 0) schema[word] = value.map((item) => repairAny(item, draft));
    else delete schema[word];
  }
  for (const word of namedWords) {
    const value = schema[word];
    if (isObject(value)) schema[word] = mapValues(value, (item) => repairAny(item, draft));
    else delete schema[word];
  }
}

function repairDependencies(schema: Schema, draft: Draft): void {
  for (const word of ['dependencies', 'dependentRequired'] as const) {
    const value = schema[word];
    delete schema[word];
    if (!isObject(value)) continue;
    const entries = Object.entries(value);
    const required = entries.flatMap(([key, names]) => (Array.isArray(names) ? [[key, textsOf(names)] as const] : []));
    const schemas = entries.flatMap(([key, item]) => (isObject(item) ? [[key, repair(item, draft)] as const] : []));
    if (draft.isOlder) schema.dependencies = Object.fromEntries([...required, ...schemas]);
    else {
      if (required.length > 0) schema.dependentRequired = Object.fromEntries(required);
      if (schemas.length > 0)
        schema.dependentSchemas = { ...Object(schema.dependentSchemas), ...Object.fromEntries(schemas) };
    }
  }
}

/** `required: true` in a property is draft 3: the names belong into the list above it. */
function repairRequired(schema: Schema, raw: Schema): void {
  const listed = Array.isArray(schema.required) ? textsOf(schema.required) : [];
  const marked = isObject(raw.properties)
    ? Object.entries(raw.properties).flatMap(([name, item]) => (isObject(item) && item.required === true ? [name] : []))
    : [];
  const names = [...new Set([...listed, ...marked])];
  if (names.length > 0 || Array.isArray(schema.required)) schema.required = names;
  else delete schema.required;
}

/** OpenAPI's `nullable`: null beside what is said. */
function withNullable(schema: Schema): Schema {
  const { nullable, ...rest } = schema;
  if (nullable !== true) return rest;
  if (rest.type !== undefined && rest.$ref === undefined && listWords.every((word) => rest[word] === undefined)) {
    const types = [rest.type, 'null'].flat();
    const values = Array.isArray(rest.enum) ? { enum: [...new Set([...rest.enum, null])] } : {};
    return { ...rest, type: [...new Set(types)], ...values };
  }
  const isBound = ['$ref', 'enum', 'const', 'not', ...listWords].some((word) => rest[word] !== undefined);
  if (!isBound) return rest;
  const { description, title, default: preset, $defs, definitions, ...bounds } = rest;
  const beside = { description, title, default: preset, $defs, definitions };
  return {
    ...Object.fromEntries(Object.entries(beside).filter(([, value]) => value !== undefined)),
    anyOf: [bounds, { type: 'null' }],
  };
}

const textsOf = (values: readonly unknown[]): string[] => values.filter((value) => typeof value === 'string');

const mapValues = (value: Schema, map: (item: unknown) => unknown): Schema =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]));

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
