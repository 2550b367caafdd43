import { isJsonObject } from './json-value.ts';

/**
 * Writes a JSON value in canonical form, which is the same for equal values (after RFC 8785): the keys of objects in
 * the order of their UTF-16 code units, no blanks, numbers and texts as `JSON.stringify` writes them. Keys with the
 * value undefined are left out.
 *
 * Unlike RFC 8785, a lone surrogate is not an error: it is written as its escape.
 *
 * @throws {TypeError} when the value holds what JSON cannot, such as a bigint
 * @throws {RangeError} when it is nested too deeply, some thousand levels
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? (JSON.stringify(value) ?? 'null') : write(value);
}

/**
 * Whether `JSON.stringify` writes the value in the same way, in half the time: the keys of all objects are in order.
 */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  let before = '';
  for (const key in value) {
    if (before > key || !isInOrder((value as Readonly<Record<string, unknown>>)[key])) return false;
    before = key;
  }
  return true;
}

function write(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(item)}`;
  }
  return `{${text}}`;
}
