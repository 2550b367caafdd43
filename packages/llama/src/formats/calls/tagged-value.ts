import { isRecord } from './json-call.ts';

/**
 * The value of a text between tags. For a parameter that may be a string it is always the string, even if it looks like
 * something else; for any other it is parsed as JSON, if it is valid.
 */
export function taggedValue(text: string, key: string, schema: Record<string, unknown> | undefined): unknown {
  const types = typesOf(propertyOf(schema, key));
  const value = jsonOf(text.trim());
  if (types.length === 0) return value === undefined || typeof value === 'string' ? text : value;
  if (value !== undefined && types.some((type) => type !== 'string' && fits(value, type))) {
    return types.includes('string') && typeof value === 'number' ? text : value;
  }
  if (types.includes('boolean') && /^(?:true|false)$/i.test(text.trim())) return /^true$/i.test(text.trim());
  if (types.includes('null') && /^(?:none|null)$/i.test(text.trim())) return null;
  return types.includes('string') || value === undefined ? text : value;
}

function propertyOf(schema: Record<string, unknown> | undefined, key: string): unknown {
  const properties = schema?.properties;
  return isRecord(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** The types that a schema names at its top level; none when it allows any type. */
function typesOf(schema: unknown): string[] {
  if (!isRecord(schema)) return [];
  if (typeof schema.type === 'string') return [schema.type];
  if (Array.isArray(schema.type)) return schema.type.filter((type) => typeof type === 'string');
  if (Array.isArray(schema.enum)) return [...new Set(schema.enum.map(typeOf))];
  if ('const' in schema) return [typeOf(schema.const)];
  const alternatives = [schema.anyOf, schema.oneOf].filter(Array.isArray).flat();
  return [...new Set(alternatives.flatMap(typesOf))];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function fits(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeOf(value) === type;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
