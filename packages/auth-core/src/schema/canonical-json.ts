import { isJsonObject } from './json-value.ts';

/**
 * Writes a JSON value in the one way that equal values share (after RFC 8785): the keys of objects in the order of
 * their UTF-16 code units, no blanks, numbers and texts as `JSON.stringify` writes them. Keys that hold undefined
 * are left out.
 *
 * Unlike RFC 8785, a lone surrogate is not an error: it is written as its escape.
 *
 * @throws {TypeError} when the value holds what JSON cannot, such as a bigint
 * @throws {RangeError} when it is nested too deeply, some thousand levels
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  let text = '';
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

/**
 * Most texts need no escapes. An audit log of a million entries has fifty million, and `JSON.stringify` takes longer to
 * see it.
 */
function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** What ASCII has, but for control characters, the quotation mark and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/;
