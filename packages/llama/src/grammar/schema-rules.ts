import { type GrammarRules, GrammarTooLarge } from './grammar-rules.ts';
import { integerRange } from './integer-range.ts';
import { FORMAT_RULES, jsonLiteral } from './json-rules.ts';
import { count, REPETITION_LIMIT } from './lengths.ts';
import { isSchema, type JsonSchema, mergeSchemas, typesOf } from './merge-schemas.ts';
import { arrayBody, objectBody, type RuleSource } from './structure-rules.ts';

const DEPTH_LIMIT = 48;
const ENUM_LIMIT = 1000;
const CHARACTERS_PER_STEP = 32;
const TYPE_NAMES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/**
 * Writes the rules for JSON Schemas of one document. Keywords without a grammar (`pattern`, `multipleOf`, `not`, a
 * number's bounds, …) are left to the validation of the result; the grammar then allows more than the schema, never
 * less than it should.
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

  #nameFor(schema: JsonSchema): string | undefined {
    if (typeof schema.$ref === 'string') return this.#reference(schema.$ref);
    if (schema.const !== undefined) return this.rules.add('const', jsonLiteral(schema.const));
    if (Array.isArray(schema.enum)) return this.#enumeration(schema.enum);
    for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
      const { [keyword]: parts, ...rest } = schema;
      if (!Array.isArray(parts)) continue;
      return keyword === 'allOf' ? this.#conjunction(rest, parts) : this.#alternatives(rest, parts);
    }
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
        return this.#string(schema);
      case 'integer':
        return this.#integer(schema);
      default:
        return type !== undefined && TYPE_NAMES.includes(type) ? type : 'value';
    }
  }

  #structure(hint: string, bodyOf: () => string | undefined): string | undefined {
    const outside = this.#open;
    this.#open = new Set();
    const body = bodyOf();
    this.#open = outside;
    return body === undefined ? undefined : this.rules.add(hint, body);
  }

  #string({ format, minLength, maxLength }: JsonSchema): string {
    const formatRule = typeof format === 'string' ? FORMAT_RULES[format] : undefined;
    if (formatRule !== undefined) return this.rules.add('text', formatRule);
    const least = Math.min(count(minLength) ?? 0, REPETITION_LIMIT);
    const most = count(maxLength);
    if (least === 0 && (most === undefined || most > REPETITION_LIMIT)) return 'string';
    const repetition =
      most === undefined || most > REPETITION_LIMIT ? `{${least},}` : `{${least},${Math.max(least, most)}}`;
    return this.rules.add('text', `"\\"" character${repetition} "\\""`);
  }

  #integer({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string | undefined {
    const least = greatest(
      bound(minimum, Math.ceil),
      bound(exclusiveMinimum, (limit) => Math.floor(limit) + 1),
    );
    const most = smallest(
      bound(maximum, Math.floor),
      bound(exclusiveMaximum, (limit) => Math.ceil(limit) - 1),
    );
    if (least === undefined && most === undefined) return 'integer';
    const body = integerRange(least, most);
    return body === undefined ? undefined : this.rules.add('integer', body);
  }

  #enumeration(values: readonly unknown[]): string | undefined {
    if (values.length > ENUM_LIMIT) throw new GrammarTooLarge(`more than ${ENUM_LIMIT} values`);
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
    return isSchema(target) ? mergeSchemas(this.#resolved(target, hops + 1), rest) : rest;
  }

  #reference(reference: string): string | undefined {
    if (this.#open.has(reference)) return undefined;
    const known = this.#references.get(reference);
    if (known !== undefined) return known;
    const target = this.#lookUp(reference);
    if (target === false) return undefined;
    if (target === undefined) return 'value';
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

function impliedType(schema: JsonSchema): string | undefined {
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array';
  if (['minLength', 'maxLength', 'pattern', 'format'].some((keyword) => schema[keyword] !== undefined)) return 'string';
  return undefined;
}

/** A bound that can be written in digits; others are left to validation. */
function bound(limit: unknown, round: (limit: number) => number): number | undefined {
  if (typeof limit !== 'number') return undefined;
  const rounded = round(limit);
  // Adding 0 turns -0 into 0.
  return Number.isSafeInteger(rounded) ? rounded + 0 : undefined;
}

const greatest = (...bounds: (number | undefined)[]): number | undefined => extreme(Math.max, bounds);
const smallest = (...bounds: (number | undefined)[]): number | undefined => extreme(Math.min, bounds);

function extreme(choose: (...values: number[]) => number, bounds: (number | undefined)[]): number | undefined {
  const present = bounds.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : choose(...present);
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
