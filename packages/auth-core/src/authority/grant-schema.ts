import type { JsonSchema } from '../schema/json-schema.ts';
import type { Limit } from './limit.ts';
import type { AnyResourceKind } from './resource-kind.ts';

const texts: JsonSchema = { type: 'array', items: { type: 'string' } };
/** A list of globs; goes with {@link GLOB_DEFINITION}. */
export const GLOBS: JsonSchema = { type: 'array', items: { $ref: '#/$defs/glob' } };
/** The definition that {@link GLOBS} refers to. */
export const GLOB_DEFINITION = { glob: { type: 'string', minLength: 1, maxLength: 256 } } as const;
const count: JsonSchema = { type: 'integer', minimum: 0 };
const dateTime: JsonSchema = { type: 'string', format: 'date-time' };

/** The JSON Schema of the grants of a vocabulary. */
export function writeGrantSchema(
  actions: readonly string[],
  resources: Readonly<Record<string, AnyResourceKind>>,
  limits: Readonly<Record<string, Limit>>,
): JsonSchema {
  const kinds = Object.entries(resources);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Grant',
    description: 'What a caller may do. What is not mentioned is denied.',
    type: 'object',
    required: ['actions'],
    additionalProperties: false,
    properties: {
      actions: { type: 'array', items: { type: 'string', enum: ['*', ...actions] } },
      ...Object.fromEntries(kinds.map(([name, { schema }]) => [name, schema])),
      networks: texts,
      projects: GLOBS,
      notBefore: dateTime,
      expiresAt: dateTime,
      limits: {
        type: 'object',
        additionalProperties: false,
        properties: Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, schemaOf(limit)])),
      },
      // So that a file may name this schema for its editor; it is not a part of the grant.
      $schema: { type: 'string' },
    },
    $defs: Object.assign({ ...GLOB_DEFINITION }, ...kinds.map(([, { definitions = {} }]) => definitions)),
  };
}

function schemaOf({ kind }: Limit): JsonSchema {
  return kind === 'share' ? { type: 'number', exclusiveMinimum: 0 } : count;
}
