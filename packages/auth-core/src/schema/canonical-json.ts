import { isJsonObject } from './json-value.ts';

/**
 * Writes a JSON value in the one way that equal values share (after RFC 8785): the keys of objects in the order of
 * their UTF-16 code units, no blanks, numbers and texts as `JSON.stringify` writes them. Keys that hold undefined
 * are left out.
 *
 * Unlike RFC 8785, half a surrogate pair is no error: it is written as its escape.
 *
 * @throws {TypeError} when the value holds what JSON cannot, such as a bigint
 * @throws {RangeError} when it is nested too deeply, some thousand levels
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
    .join(',')}}`;
}
