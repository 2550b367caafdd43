import type { Steps } from '../matching/steps.ts';
import type { JsonType } from './json-schema.ts';

/** Whether the value is a JSON object: neither null nor a list. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const IS_OF_TYPE: Readonly<Record<JsonType, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  array: Array.isArray,
  object: isJsonObject,
  integer: Number.isInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
};

/** Whether the value has the type. A number that JSON cannot represent, such as NaN, has none; no value has another type. */
export function isOfType(value: unknown, type: JsonType): boolean {
  return Object.hasOwn(IS_OF_TYPE, type) && IS_OF_TYPE[type](value);
}

const STEPS_A_VALUE = 25;
const STEPS_A_KEY = 50;

/** Whether two JSON values are equal; the order of an object's keys is ignored. */
export function jsonEqual(left: unknown, right: unknown, steps: Steps): boolean {
  steps.spend(STEPS_A_VALUE);
  if (typeof left === 'string' && typeof right === 'string' && left.length === right.length) steps.spend(left.length);
  if (left === right) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => jsonEqual(item, right[index], steps))
    );
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = Object.keys(left);
  const others = Object.keys(right).length;
  steps.spend((keys.length + others) * STEPS_A_KEY);
  return (
    keys.length === others && keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key], steps))
  );
}

const STEPS_A_CHARACTER = 3;

/** Whether a text has at least a number of Unicode characters; it counts no further than needed. */
export function hasAtLeastCharacters(text: string, minimum: number, steps: Steps): boolean {
  if (text.length < minimum) return false;
  if (text.length >= minimum * 2) return true;
  steps.spend(minimum * STEPS_A_CHARACTER);
  let count = 0;
  for (const _ of text) {
    if (++count >= minimum) return true;
  }
  return count >= minimum;
}
