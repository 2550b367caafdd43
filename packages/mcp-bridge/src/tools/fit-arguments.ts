import { atPointer } from './schema-references.ts';

type Json = Record<string, unknown>;
type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

/** How far references and nested schemas are followed. */
const deepest = 32;

/**
 * Arguments as the schema asks for them, where a model wrote them in another shape: null for what is optional and
 * cannot be null is left out; a text that is exactly a number, a boolean, a list or an object becomes one where only
 * that is allowed. Returns the very same value where it fits as it is, or where that would not help. It must be called
 * before anyone judges the arguments: what is judged is what is sent.
 */
export function fitArguments(args: Json, schema: Json, problemOf: (value: Json) => string | undefined): Json {
  if (problemOf(args) === undefined) return args;
  const fitted = fitObject(args, schema, { root: schema, depth: 0 });
  return isObject(fitted) && problemOf(fitted) === undefined ? fitted : args;
}

interface Place {
  readonly root: Json;
  readonly depth: number;
}

function fit(value: unknown, given: unknown, place: Place): unknown {
  const schema = follow(given, place.root);
  if (schema === undefined || place.depth > deepest) return value;
  const inner = { ...place, depth: place.depth + 1 };
  const types = typesOf(schema, inner);
  const shaped =
    types === undefined || types.has(typeOf(value)) || isWhole(value, types) ? value : convert(value, types);
  if (isObject(shaped)) return fitObject(shaped, schema, inner);
  if (Array.isArray(shaped)) return shaped.map((item, index) => fit(item, itemSchema(schema, index, inner), inner));
  return shaped;
}

function fitObject(value: Json, given: Json, place: Place): Json {
  const schema = branchFor(given, 'object', place);
  const { properties, required, additionalProperties } = schema;
  const names = isObject(properties) ? properties : {};
  const needed = Array.isArray(required) ? required : [];
  const entries = Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
    const own = Object.hasOwn(names, key) ? names[key] : additionalProperties;
    const isAbsent = member === null && !needed.includes(key) && Object.hasOwn(names, key) && !takesNull(own, place);
    return isAbsent ? [] : [[key, fit(member, own, place)]];
  });
  return Object.fromEntries(entries);
}

function itemSchema(given: Json, index: number, place: Place): unknown {
  const { prefixItems, items } = branchFor(given, 'array', place);
  const listed = Array.isArray(prefixItems) ? prefixItems : items;
  return Array.isArray(listed) ? (listed[index] ?? items) : items;
}

/** The schema itself, or the one alternative of it that is about this type. */
function branchFor(schema: Json, type: JsonType, place: Place): Json {
  if (schema.properties !== undefined || schema.items !== undefined || schema.prefixItems !== undefined) return schema;
  const branches = alternativesOf(schema).flatMap((branch): Json[] => {
    const followed = follow(branch, place.root);
    return followed === undefined ? [] : [followed];
  });
  const fitting = branches.filter((branch) => typesOf(branch, place)?.has(type));
  return fitting.length === 1 && fitting[0] !== undefined ? fitting[0] : schema;
}

const alternativesOf = ({ anyOf, oneOf }: Json): readonly unknown[] =>
  Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];

const takesNull = (given: unknown, place: Place): boolean => {
  const schema = follow(given, place.root);
  return schema === undefined || (typesOf(schema, place)?.has('null') ?? true);
};

/** The types that a schema allows; undefined where it does not say. */
function typesOf(schema: Json, place: Place): ReadonlySet<string> | undefined {
  if (place.depth > deepest) return undefined;
  if (schema.type !== undefined) return new Set([schema.type].flat().map(String));
  if (Array.isArray(schema.enum)) return new Set(schema.enum.map(typeOf));
  if (schema.const !== undefined) return new Set([typeOf(schema.const)]);
  const branches = alternativesOf(schema);
  if (branches.length === 0) return undefined;
  const types = new Set<string>();
  for (const branch of branches) {
    const followed = follow(branch, place.root);
    const some = followed && typesOf(followed, { ...place, depth: place.depth + 1 });
    if (some === undefined) return undefined;
    for (const type of some) types.add(type);
  }
  return types;
}

/** The first of the allowed types that the value says in other words; the value itself where there is none. */
function convert(value: unknown, types: ReadonlySet<string>): unknown {
  if (typeof value !== 'string') return value;
  const written = value.trim();
  if ((types.has('number') || types.has('integer')) && isNumber(written)) return readNumber(written, value, types);
  if (types.has('boolean') && /^(?:true|false)$/i.test(written)) return written.toLowerCase() === 'true';
  if (!/^[[{]/.test(written)) return value;
  const parsed = parse(written);
  if (Array.isArray(parsed)) return types.has('array') ? parsed : value;
  return isObject(parsed) && types.has('object') ? parsed : value;
}

function readNumber(written: string, value: string, types: ReadonlySet<string>): unknown {
  const number = Number(written);
  // Beyond 2^53 the number would be another one than was written.
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) return value;
  return types.has('number') || Number.isInteger(number) ? number : value;
}

/** Whether a text is exactly a number of JSON: not hexadecimal, not a number with blanks or words. */
const isNumber = (text: string): boolean => /^-?[0-9][0-9.eE+-]*$/.test(text) && typeof parse(text) === 'number';

/** The schema at the end of its references within the document. */
function follow(given: unknown, root: Json): Json | undefined {
  let schema = given;
  for (let step = 0; step <= deepest && isObject(schema); step += 1) {
    const { $ref } = schema;
    if (typeof $ref !== 'string') return schema;
    schema = atPointer(root, $ref);
  }
  return undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isWhole = (value: unknown, types: ReadonlySet<string>): boolean =>
  typeof value === 'number' && (types.has('number') || (types.has('integer') && Number.isInteger(value)));

function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'string' | 'number' | 'boolean' | 'object';
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
