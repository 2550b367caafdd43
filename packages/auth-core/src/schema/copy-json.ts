import { InvalidInputError } from '../errors.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Json } from './json-schema.ts';
import { isJsonObject } from './json-value.ts';

/** A JSON object. */
export type JsonObject = Readonly<Record<string, Json>>;

/**
 * How deep a value may be nested, how many values it may hold, and how many UTF-16 units a text or key, and all of
 * them, may have.
 */
export interface JsonCaps {
  /** The name of the value with these caps, for messages: `a grant`. */
  readonly what: string;
  readonly depth: number;
  readonly values: number;
  readonly text: number;
  readonly key: number;
  readonly units: number;
}

/** A place in a document. */
export type JsonPath = readonly (string | number)[];

/** Refuses the value at a path. */
export type RefuseJson = (path: JsonPath, problem: string) => never;

/** Copies plain JSON into frozen objects, within the caps, so that it cannot be changed after it was read. */
export function copyJson(value: unknown, start: JsonPath, caps: JsonCaps, refuse: RefuseJson): unknown {
  let { values, units } = caps;

  function take(text: string, path: JsonPath): void {
    units -= text.length;
    if (units < 0) refuse(path, `is too much: ${caps.what} may hold ${caps.units} characters altogether`);
  }

  function copy(value: unknown, path: JsonPath): unknown {
    if (path.length > caps.depth) refuse(path, `is nested deeper than ${caps.depth}`);
    if (--values < 0) refuse(path, `is too much: ${caps.what} may hold ${caps.values} values`);
    switch (typeof value) {
      case 'string':
        if (value.length > caps.text) refuse(path, `is longer than ${caps.text}`);
        take(value, path);
        return value;
      case 'number':
        if (!Number.isFinite(value)) refuse(path, 'is not a number that JSON can hold');
        return value;
      case 'object':
        return value && copyObject(value, path);
      default:
        return typeof value === 'boolean' ? value : refuse(path, 'is not JSON');
    }
  }

  function copyObject(value: object, path: JsonPath): object {
    if (Array.isArray(value)) return Object.freeze(Array.from(value, (item, index) => copy(item, [...path, index])));
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuse(path, 'is not JSON');
    const entries = Object.entries(value).map(([key, item]) => {
      if (key.length > caps.key) refuse(path, `has a key longer than ${caps.key}`);
      take(key, path);
      return [key, copy(item, [...path, key])] as const;
    });
    // fromEntries defines keys, so that `__proto__` is a key like any other.
    return Object.freeze(Object.fromEntries(entries));
  }

  return copy(value, start);
}

/**
 * Copies a host's JSON object within bounds: a maximum of bytes as canonical JSON in UTF-8, 8 levels, 256 values.
 *
 * @throws {AuthError} `AUTH_INPUT_INVALID`
 */
export function copyOwnObject(value: unknown, name: string, bytes: number): JsonObject {
  const refuse: RefuseJson = (path, problem) => {
    throw new InvalidInputError(path.join('.'), problem);
  };
  if (!isJsonObject(value)) return refuse([name], 'must be a JSON object');
  const caps = { what: name, depth: 8, values: 256, text: bytes, key: 100, units: bytes };
  const copy = copyJson(value, [name], caps, refuse);
  if (new TextEncoder().encode(canonicalJson(copy)).length > bytes) {
    refuse([name], `is too much: it may have ${bytes} bytes as JSON`);
  }
  return copy as JsonObject;
}

/** Freezes a parsed JSON value deeply. */
export function freezeJson<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const item of Object.values(value)) freezeJson(item);
  return Object.freeze(value);
}
