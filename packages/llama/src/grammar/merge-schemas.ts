/** A JSON Schema from an untrusted source. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Merges two schemas as `allOf` does, for a grammar: the properties and requirements of both, and the other keywords.
 */
export function mergeSchemas(first: JsonSchema, second: JsonSchema): JsonSchema {
  const merged: Record<string, unknown> = { ...first, ...second };
  const required = [...strings(first.required), ...strings(second.required)];
  if (required.length > 0) merged.required = [...new Set(required)];
  if (isSchema(first.properties) && isSchema(second.properties)) {
    merged.properties = mergeProperties(first.properties, second.properties);
  }
  const enums = [first, second].map((schema) => allowedValues(schema)).filter((values) => values !== undefined);
  const [ours, theirs] = enums;
  if (ours !== undefined && theirs !== undefined) {
    const known = new Set(theirs.map((value) => JSON.stringify(value)));
    merged.enum = ours.filter((value) => known.has(JSON.stringify(value)));
    delete merged.const;
  }
  if (first.type !== undefined && second.type !== undefined) merged.type = commonTypes(first.type, second.type);
  return merged;
}

function mergeProperties(first: JsonSchema, second: JsonSchema): JsonSchema {
  const merged: Record<string, unknown> = { ...first };
  for (const [name, schema] of Object.entries(second)) {
    const other = merged[name];
    merged[name] = isSchema(other) && isSchema(schema) ? mergeSchemas(other, schema) : schema;
  }
  return merged;
}

function allowedValues(schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.const !== undefined) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function commonTypes(first: unknown, second: unknown): unknown {
  const ours = typesOf(first);
  const theirs = typesOf(second);
  const common = ours.filter((type) => theirs.includes(type) || (type === 'integer' && theirs.includes('number')));
  if (theirs.includes('integer') && ours.includes('number') && !common.includes('integer')) common.push('integer');
  return common.length === 0 ? second : common;
}

/** The names in `type`, which may be one or several. */
export function typesOf(type: unknown): string[] {
  return typeof type === 'string' ? [type] : strings(type);
}

/** The strings in a list; none when the value is not a list. */
export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
