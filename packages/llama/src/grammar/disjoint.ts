import { allowedValues, isSchema, type JsonSchema, strings, typesOf } from './merge-schemas.ts';

/**
 * Whether no value follows two schemas, as far as their types, their values and the required properties that they share
 * say so.
 */
export function areDisjoint(one: unknown, other: unknown): boolean {
  if (one === false || other === false) return true;
  if (!isSchema(one) || !isSchema(other)) return false;
  const [ours, theirs] = [allowedValues(one), allowedValues(other)];
  if (ours !== undefined && theirs !== undefined) {
    const known = new Set(theirs.map((value) => JSON.stringify(value)));
    return ours.every((value) => !known.has(JSON.stringify(value)));
  }
  const [types, otherTypes] = [kindsOf(one), kindsOf(other)];
  if (types.length > 0 && otherTypes.length > 0 && types.every((type) => !otherTypes.includes(type))) return true;
  return strings(one.required).some(
    (name) =>
      strings(other.required).includes(name) &&
      areDisjoint(propertyOf(one, name), propertyOf(other, name)) &&
      isOnlyObject(one) &&
      isOnlyObject(other),
  );
}

const propertyOf = ({ properties }: JsonSchema, name: string): unknown =>
  isSchema(properties) && Object.hasOwn(properties, name) ? properties[name] : true;

const isOnlyObject = ({ type }: JsonSchema): boolean => type === 'object';

/** The types of a schema, by its values or by `type`; an integer is a number. */
function kindsOf(schema: JsonSchema): string[] {
  const values = allowedValues(schema);
  const types = values === undefined ? typesOf(schema.type) : values.map(typeOf);
  return types.map((type) => (type === 'integer' ? 'number' : type));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}
