import { parseDateTime } from '../date-time.ts';
import { matchesAnyGlob } from '../matching/glob.ts';
import { anyRangeContains, parseIpAddress } from '../matching/ip-address.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import { MAXIMUM_PATTERN_SIZE, patternSize } from '../matching/pattern-size.ts';
import { readUrlHost } from '../matching/url-host.ts';
import type { Json, JsonSchema } from './json-schema.ts';
import { hasAtLeastCharacters, isJsonObject, isOfType, jsonEqual } from './json-value.ts';

/** What some keywords need from outside. Where it is absent, those keywords refuse. */
export interface EvaluationContext {
  readonly patterns?: PatternEngine;
  /** The real path of a path, or undefined to refuse it. */
  readonly resolvePath?: (path: string) => string | undefined;
  /** What patterns may still cost; shared by all that is evaluated for one grant. */
  readonly effort?: Effort;
}

/** How many parts of patterns may still be compared with how many characters. */
export interface Effort {
  left: number;
}

/** As much as takes about an eighth of a second: a pattern of 20 parts and a text of 100,000 characters. */
const MAXIMUM_EFFORT = 2_000_000;
/** To make a pattern ready takes as long as to compare it with so many characters. */
const CHARACTERS_TO_COMPILE = 100;

/** What the patterns of one grant may cost altogether. Whoever has a token chooses patterns, and often the text, too. */
export function createEffort(): Effort {
  return { left: MAXIMUM_EFFORT };
}

/** Where a value breaks its schema and how, in words that never hold the value itself. */
export interface Violation {
  /** Keys and indexes from the outermost value to the one at fault. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** What would have been right, where that is a list. */
  readonly expected?: readonly Json[];
}

interface Scope extends EvaluationContext {
  readonly effort: Effort;
  /** The schema that `$ref` looks into. */
  readonly root: JsonSchema;
}

type Keyword = keyof JsonSchema;
type Check<K extends Keyword> = (
  expected: Exclude<JsonSchema[K], undefined>,
  value: unknown,
  scope: Scope,
  schema: JsonSchema,
) => Violation | undefined;

/**
 * Says how a value breaks a schema, or undefined when it satisfies it. The first fault found is the one told.
 *
 * Fails closed: a keyword that is unknown, that does not suit the value's type, or that needs something which the
 * context lacks is a violation.
 */
export function evaluate(schema: JsonSchema, value: unknown, context: EvaluationContext = {}): Violation | undefined {
  return evaluateIn(schema, value, { ...context, effort: context.effort ?? createEffort(), root: schema });
}

function evaluateIn(schema: JsonSchema, value: unknown, scope: Scope): Violation | undefined {
  for (const keyword of Object.keys(schema)) {
    const violation = Object.hasOwn(CHECKS, keyword)
      ? applyKeyword(keyword as Keyword, schema, value, scope)
      : violate('cannot be checked: the constraint has an unknown word');
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function applyKeyword<K extends Keyword>(keyword: K, schema: JsonSchema, value: unknown, scope: Scope) {
  const check: Check<K> = CHECKS[keyword];
  const expected = schema[keyword];
  if (expected === undefined) return violate('cannot be checked: the constraint has an empty word');
  return check(expected as Exclude<JsonSchema[K], undefined>, value, scope, schema);
}

function violate(message: string, expected?: readonly Json[]): Violation {
  return expected === undefined ? { path: [], message } : { path: [], message, expected };
}

/** A check that takes texts only, and refuses everything else. */
function forText<E>(check: (expected: E, text: string, scope: Scope) => string | undefined) {
  return (expected: E, value: unknown, scope: Scope): Violation | undefined => {
    const message = typeof value === 'string' ? check(expected, value, scope) : 'is not a text';
    return message === undefined ? undefined : violate(message);
  };
}

function forNumber(holds: (expected: number, value: number) => boolean, word: string) {
  return (expected: number, value: unknown): Violation | undefined => {
    if (typeof value !== 'number') return violate('is not a number');
    return holds(expected, value) ? undefined : violate(`${word} ${expected}`);
  };
}

function at(key: string | number, violation: Violation | undefined): Violation | undefined {
  return violation && { ...violation, path: [key, ...violation.path] };
}

function checkPattern(source: string, text: string, { patterns, effort }: Scope): string | undefined {
  if (patterns === undefined) return 'cannot be checked: there is no pattern engine';
  const size = patternSize(source);
  if (size > MAXIMUM_PATTERN_SIZE) return 'cannot be checked: the pattern is too large';
  effort.left -= size * (text.length + CHARACTERS_TO_COMPILE);
  if (effort.left < 0) return 'cannot be checked: it is too long for the patterns of the grants';
  try {
    return patterns.compile(source)(text) ? undefined : 'does not match the pattern';
  } catch {
    return 'cannot be checked: the pattern does not compile';
  }
}

function checkWithin(folder: string, text: string, { resolvePath }: Scope): string | undefined {
  if (resolvePath === undefined) return 'cannot be checked: there is no path resolver';
  let real: string | undefined;
  try {
    real = resolvePath(text);
  } catch {
    // Told below like any path that does not resolve: what the resolver said may hold the path.
  }
  if (real === undefined) return 'is not a path that can be resolved';
  const inside = folder.endsWith('/') ? folder : `${folder}/`;
  const isReal = !real.split('/').some((part) => part === '..' || part === '.');
  return isReal && `${real}/`.startsWith(inside) ? undefined : 'outside the allowed folder';
}

function checkHosts(hosts: readonly string[], text: string): string | undefined {
  const host = readUrlHost(text);
  if (host === undefined) return 'is not a plain http or https URL';
  return matchesAnyGlob(hosts, host) ? undefined : 'leads to a host that is not allowed';
}

function checkCidr(ranges: readonly string[], text: string): string | undefined {
  const host = readUrlHost(text)?.replace(/^\[(.*)\]$/, '$1');
  const address = parseIpAddress(host ?? text);
  if (address === undefined) return 'is not an IP address or a URL with one';
  return anyRangeContains(ranges, address) ? undefined : 'outside the allowed addresses';
}

const holds = () => undefined;

const CHECKS: { readonly [K in Keyword]: Check<K> } = {
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
  const: (expected, value) => (jsonEqual(expected, value) ? undefined : violate('is not the allowed value')),
  enum: (expected, value) =>
    expected.some((allowed) => jsonEqual(allowed, value))
      ? undefined
      : violate('is not one of the allowed values', expected),
  type: (expected, value) => (isOfType(value, expected) ? undefined : violate(`is not of type ${expected}`)),
  format: forText((_, text) => (parseDateTime(text) === undefined ? 'is not a date and time (RFC 3339)' : undefined)),
  minimum: forNumber((expected, value) => value >= expected, 'less than'),
  exclusiveMinimum: forNumber((expected, value) => value > expected, 'not more than'),
  maximum: forNumber((expected, value) => value <= expected, 'more than'),
  minLength: forText((length, text) => (hasAtLeastCharacters(text, length) ? undefined : `shorter than ${length}`)),
  maxLength: forText((length, text) => (hasAtLeastCharacters(text, length + 1) ? `longer than ${length}` : undefined)),
  pattern: forText(checkPattern),
  within: forText(checkWithin),
  hosts: forText(checkHosts),
  cidr: forText(checkCidr),
  maxItems(length, value) {
    if (!Array.isArray(value)) return violate('is not a list');
    return value.length <= length ? undefined : violate(`has more than ${length} items`);
  },
  items(schema, value, scope) {
    if (!Array.isArray(value)) return violate('is not a list');
    for (const [index, item] of value.entries()) {
      const violation = at(index, evaluateIn(schema, item, scope));
      if (violation !== undefined) return violation;
    }
    return undefined;
  },
  required(names, value) {
    if (!isJsonObject(value)) return violate('is not an object');
    const missing = names.find((name) => !Object.hasOwn(value, name) || value[name] === undefined);
    return missing === undefined ? undefined : at(missing, violate('is missing'));
  },
  maxProperties(count, value) {
    if (!isJsonObject(value)) return violate('is not an object');
    return Object.keys(value).length <= count ? undefined : violate(`has more than ${count} entries`);
  },
  properties(schemas, value, scope) {
    if (!isJsonObject(value)) return violate('is not an object');
    for (const [name, schema] of Object.entries(schemas)) {
      if (!Object.hasOwn(value, name) || value[name] === undefined) continue;
      const violation = at(name, evaluateIn(schema, value[name], scope));
      if (violation !== undefined) return violation;
    }
    return undefined;
  },
  additionalProperties(additional, value, scope, { properties = {} }) {
    if (!isJsonObject(value)) return violate('is not an object');
    for (const [name, item] of Object.entries(value)) {
      if (Object.hasOwn(properties, name)) continue;
      const violation = additional
        ? evaluateIn(additional, item, scope)
        : violate('is not a known key', Object.keys(properties));
      if (violation !== undefined) return at(name, violation);
    }
    return undefined;
  },
};
