import { arrayBody } from './array-body.ts';
import { areDisjoint } from './disjoint.ts';
import { type GrammarRules, GrammarTooLarge } from './grammar-rules.ts';
import { jsonLiteral } from './json-rules.ts';
import {
  allowedValues,
  conflictsOf,
  isSchema,
  type JsonSchema,
  mergeSchemas,
  strings,
  typesOf,
} from './merge-schemas.ts';
import { integerRule, numberRule } from './number-rules.ts';
import { objectBody } from './object-body.ts';
import { stringRule } from './string-rules.ts';
import type { RuleSource } from './structure-rules.ts';

const DEPTH_LIMIT = 48;
const ENUM_LIMIT = 4000;
/** Alternatives of `oneOf` are compared in pairs up to this many. */
const MOST_COMPARED = 64;
const CHARACTERS_PER_STEP = 32;
const TYPE_NAMES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/**
 * Writes the rules for JSON Schemas of one document. Keywords that have no rule are reported to the rules
 * (`GrammarRules.unkept`): the grammar then allows more than the schema, and the result has to be checked.
 */
export class SchemaRules implements RuleSource {
  readonly rules: GrammarRules;
  readonly #document: JsonSchema;
  readonly #references = new Map<string, string>();
  /** The rule names of merged schemas, by their text. */
  readonly #merged = new Map<string, string | undefined>();
  /** References being followed without a bracket in between; following one again would never end. */
  #open = new Set<string>();
  #depth = 0;

  constructor(rules: GrammarRules, document: JsonSchema) {
    this.rules = rules;
    this.#document = document;
  }

  /** The name of a rule for what `schema` allows, or undefined when it allows nothing. Throws GrammarTooLarge. */
  nameFor(schema: unknown): string | undefined {
    if (schema === false) return undefined;
    if (!isSchema(schema) || Object.keys(schema).length === 0) return 'value';
    this.rules.spend(1 + Object.keys(schema).length);
    this.#depth += 1;
    if (this.#depth > DEPTH_LIMIT) throw new GrammarTooLarge(`deeper than ${DEPTH_LIMIT} levels`);
    try {
      return this.#nameFor(schema);
    } finally {
      this.#depth -= 1;
    }
  }

  /** The values of a schema that lists them. */
  valuesOf(schema: unknown): readonly unknown[] | undefined {
    if (!isSchema(schema)) return undefined;
    const { $ref: _, ...resolved } = this.#resolved(schema);
    if (resolved.type === 'boolean' && resolved.enum === undefined && resolved.const === undefined)
      return [true, false];
    return Object.keys(resolved).every((key) => ['enum', 'const', 'type'].includes(key) || ANNOTATIONS.has(key))
      ? this.#values(resolved)
      : undefined;
  }

  #nameFor(schema: JsonSchema): string | undefined {
    for (const keyword of conflictsOf(schema)) this.rules.leave(keyword);
    if (typeof schema.$ref === 'string') {
      const { $ref, ...rest } = schema;
      return restricts(rest) ? this.#nameForMerged(this.#resolved(schema)) : this.#reference($ref as string);
    }
    for (const keyword of ['$dynamicRef', '$recursiveRef'])
      if (schema[keyword] !== undefined) this.rules.leave(keyword);
    if (schema.if !== undefined) return this.#conditional(schema);
    for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
      const { [keyword]: parts, ...rest } = schema;
      if (!Array.isArray(parts)) continue;
      if (keyword === 'allOf') return this.#conjunction(rest, parts);
      if (keyword === 'oneOf') this.#requireDisjoint(parts);
      return this.#alternatives(rest, parts);
    }
    const values = this.#values(schema);
    if (values !== undefined) return this.#enumeration(values, schema);
    if (schema.not !== undefined) this.rules.leave('not');
    if (Array.isArray(schema.type) && schema.type.length === 0) return undefined;
    const types = typesOf(schema.type);
    if (types.length > 1) return this.#union(types.map((type) => this.nameFor({ ...schema, type })));
    return this.#single(types[0] ?? impliedType(schema), schema);
  }

  #single(type: string | undefined, schema: JsonSchema): string | undefined {
    switch (type) {
      case 'object':
        return this.#structure('object', () => objectBody(this, schema));
      case 'array':
        return this.#structure('array', () => arrayBody(this, schema));
      case 'string':
        return stringRule(this.rules, schema);
      case 'integer':
        return integerRule(this.rules, schema);
      case 'number':
        return numberRule(this.rules, schema);
      default:
        if (type === undefined) return 'value';
        if (TYPE_NAMES.includes(type)) return type;
        this.rules.leave('type');
        return 'value';
    }
  }

  /** The listed values that have one of the schema's types, and that it does not exclude. */
  #values(schema: JsonSchema): readonly unknown[] | undefined {
    const types = typesOf(schema.type);
    const excluded = isSchema(schema.not)
      ? allowedValues(schema.not)?.map((value) => JSON.stringify(value))
      : undefined;
    return allowedValues(schema)?.filter(
      (value) =>
        (schema.type === undefined || types.some((type) => isOf(value, type))) &&
        isWithin(value, schema) &&
        excluded?.includes(JSON.stringify(value)) !== true,
    );
  }

  /**
   * A condition on one required property whose values are listed: those that meet it, with `then`, and the others, with
   * `else`.
   */
  #conditional(schema: JsonSchema): string | undefined {
    const { if: condition, then = true, else: otherwise = true, ...rest } = schema;
    if (then === true && otherwise === true) return this.nameFor(rest);
    const [name, ...more] =
      isSchema(condition) && isSchema(condition.properties) ? Object.keys(condition.properties) : [];
    const isSimple =
      isSchema(condition) && Object.keys(condition).every((key) => ['properties', 'required', 'type'].includes(key));
    const base = this.#resolved(rest);
    if (name !== undefined && more.length === 0 && isSimple && strings(base.required).includes(name)) {
      const wanted = this.valuesOf((condition.properties as JsonSchema)[name]);
      const all = isSchema(base.properties) ? this.valuesOf(base.properties[name]) : undefined;
      if (wanted !== undefined && all !== undefined) {
        const texts = new Set(wanted.map((value) => JSON.stringify(value)));
        const meets = (value: unknown): boolean => texts.has(JSON.stringify(value));
        const branch = (values: readonly unknown[], also: unknown): string | undefined => {
          if (values.length === 0 || also === false) return undefined;
          const own = mergeSchemas(base, { type: 'object', properties: { [name]: { enum: values } } });
          return this.#nameForMerged(isSchema(also) ? mergeSchemas(own, this.#resolved(also)) : own);
        };
        return this.#union([
          branch(all.filter(meets), then),
          branch(
            all.filter((value) => !meets(value)),
            otherwise,
          ),
        ]);
      }
    }
    this.rules.leave('if');
    return this.nameFor(rest);
  }

  /** A value that follows two alternatives of `oneOf` is not valid, so no two of them may share one. */
  #requireDisjoint(parts: readonly unknown[]): void {
    const schemas = parts.map((part) => (isSchema(part) ? this.#resolved(part) : part));
    this.rules.spend(schemas.length ** 2);
    const areApart =
      schemas.length <= MOST_COMPARED &&
      schemas.every((one, index) => schemas.slice(index + 1).every((other) => areDisjoint(one, other)));
    if (!areApart) this.rules.leave('oneOf');
  }

  #structure(hint: string, bodyOf: () => string | undefined): string | undefined {
    const outside = this.#open;
    this.#open = new Set();
    const body = bodyOf();
    this.#open = outside;
    return body === undefined ? undefined : this.rules.add(hint, body);
  }

  #enumeration(values: readonly unknown[], schema: JsonSchema): string | undefined {
    if (values.length > ENUM_LIMIT) throw new GrammarTooLarge(`more than ${ENUM_LIMIT} values`);
    for (const keyword of Object.keys(schema)) {
      if (ASSERTIONS.has(keyword) && !BOUNDS.has(keyword)) this.rules.leave(keyword);
    }
    if (schema.not !== undefined && (!isSchema(schema.not) || allowedValues(schema.not) === undefined)) {
      this.rules.leave('not');
    }
    return values.length === 0 ? undefined : this.rules.add('enum', values.map(jsonLiteral).join(' | '));
  }

  #conjunction(rest: JsonSchema, parts: readonly unknown[]): string | undefined {
    if (parts.includes(false)) return undefined;
    const schemas = parts.filter(isSchema).map((part) => this.#resolved(part));
    return this.#nameForMerged(schemas.reduce(mergeSchemas, rest));
  }

  #alternatives(rest: JsonSchema, parts: readonly unknown[]): string | undefined {
    const plain = !restricts(rest);
    return this.#union(
      parts.map((part) => {
        if (plain || !isSchema(part)) return this.nameFor(part);
        return this.#nameForMerged(mergeSchemas(rest, this.#resolved(part)));
      }),
    );
  }

  /**
   * The cached rule of a merged schema. Merging yields equal schemas many times: without a cache, `n` levels of two
   * alternatives each would be processed 2^n times.
   */
  #nameForMerged(schema: JsonSchema): string | undefined {
    const key = JSON.stringify([[...this.#open], schema]);
    this.rules.spend(Math.ceil(key.length / CHARACTERS_PER_STEP));
    if (!this.#merged.has(key)) this.#merged.set(key, this.nameFor(schema));
    return this.#merged.get(key);
  }

  #union(names: readonly (string | undefined)[]): string | undefined {
    const possible = [...new Set(names.filter((name) => name !== undefined))];
    return possible.length < 2 ? possible[0] : this.rules.add('any', possible.join(' | '));
  }

  /** Resolves the reference of a schema before it is merged with another one. */
  #resolved(schema: JsonSchema, hops = 0): JsonSchema {
    if (typeof schema.$ref !== 'string' || hops > DEPTH_LIMIT) return schema;
    this.rules.spend(1);
    const target = this.#lookUp(schema.$ref);
    const { $ref: _, ...rest } = schema;
    if (target === undefined) this.rules.leave('$ref');
    return isSchema(target) ? mergeSchemas(this.#resolved(target, hops + 1), rest) : rest;
  }

  #reference(reference: string): string | undefined {
    if (this.#open.has(reference)) return undefined;
    const known = this.#references.get(reference);
    if (known !== undefined) return known;
    const target = this.#lookUp(reference);
    if (target === false) return undefined;
    if (target === undefined) {
      this.rules.leave('$ref');
      return 'value';
    }
    const name = this.rules.reserve('ref');
    this.#references.set(reference, name);
    this.#open.add(reference);
    this.rules.define(name, this.nameFor(target) ?? 'value');
    this.#open.delete(reference);
    return name;
  }

  /** Follows a JSON Pointer (RFC 6901) within the document; references to elsewhere are not followed. */
  #lookUp(reference: string): unknown {
    if (reference === '#') return this.#document;
    if (!reference.startsWith('#/')) return undefined;
    return reference
      .slice(2)
      .split('/')
      .map((part) => decodePart(part))
      .reduce<unknown>(
        (value, part) =>
          typeof value === 'object' && value !== null && Object.hasOwn(value, part)
            ? (value as Record<string, unknown>)[part]
            : undefined,
        this.#document,
      );
  }
}

/** The type that the keywords of a schema without one are about. */
function impliedType(schema: JsonSchema): string | undefined {
  return Object.entries(KEYWORDS_OF).find(([, keywords]) =>
    keywords.some((keyword) => schema[keyword] !== undefined),
  )?.[0];
}

const KEYWORDS_OF: Readonly<Record<string, readonly string[]>> = {
  object: [
    ...['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames', 'minProperties'],
    ...['maxProperties', 'dependentRequired', 'dependentSchemas', 'dependencies', 'unevaluatedProperties'],
  ],
  array: ['items', 'prefixItems', 'contains', 'minItems', 'maxItems', 'uniqueItems', 'unevaluatedItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

/** The keywords that can make a value invalid. */
const ASSERTIONS: ReadonlySet<string> = new Set(Object.values(KEYWORDS_OF).flat());

/** The keywords that listed values are compared with. */
const BOUNDS: ReadonlySet<string> = new Set([
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength'],
]);

/** Whether a listed value is within the bounds of its schema. */
function isWithin(value: unknown, schema: JsonSchema): boolean {
  const limit = (keyword: string, otherwise: number): number =>
    typeof schema[keyword] === 'number' ? schema[keyword] : otherwise;
  const [none, all] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (typeof value === 'string') {
    const { length } = [...value];
    return length >= limit('minLength', none) && length <= limit('maxLength', all);
  }
  if (typeof value !== 'number') return true;
  const isOpen = value > limit('exclusiveMinimum', none) && value < limit('exclusiveMaximum', all);
  return isOpen && value >= limit('minimum', none) && value <= limit('maximum', all);
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  return type === 'object' ? isSchema(value) : typeof value === type;
}

const ANNOTATIONS = new Set([
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'discriminator',
]);

function restricts(schema: JsonSchema): boolean {
  return Object.keys(schema).some((keyword) => !ANNOTATIONS.has(keyword));
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}
