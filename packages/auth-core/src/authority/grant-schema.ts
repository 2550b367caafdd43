import { JSON_TYPES, type JsonSchema } from '../schema/json-schema.ts';
import { ACTIONS } from './action.ts';

const texts: JsonSchema = { type: 'array', items: { type: 'string' } };
const globs: JsonSchema = { type: 'array', items: { $ref: '#/$defs/glob' } };
const count: JsonSchema = { type: 'integer', minimum: 0 };
const constraint: JsonSchema = { $ref: '#/$defs/constraint' };
const dateTime: JsonSchema = { type: 'string', format: 'date-time' };

/**
 * The JSON Schema (draft 2020-12) of grants, for editors and for documentation. It is what {@link parseGrant} runs on, and
 * lies beside the code as `@latchkey/auth-core/grant.schema.json`.
 *
 * @example
 * ```ts
 * import { GRANT_SCHEMA } from '@latchkey/auth-core';
 *
 * console.log(JSON.stringify(GRANT_SCHEMA, undefined, 2));
 * ```
 */
export const GRANT_SCHEMA: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Grant',
  description: 'What a caller may do. What is not mentioned is denied.',
  type: 'object',
  required: ['actions'],
  additionalProperties: false,
  properties: {
    actions: { type: 'array', items: { type: 'string', enum: ['*', ...ACTIONS] } },
    models: globs,
    mcp: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['tools'],
        additionalProperties: false,
        properties: { tools: { type: 'object', additionalProperties: { $ref: '#/$defs/toolRule' } } },
      },
    },
    ephemeralMcp: {
      type: 'object',
      required: ['hosts', 'tools'],
      additionalProperties: false,
      properties: { hosts: globs, tools: globs },
    },
    networks: texts,
    projects: globs,
    notBefore: dateTime,
    expiresAt: dateTime,
    limits: {
      type: 'object',
      additionalProperties: false,
      properties: {
        requestsPerMinute: count,
        tokensPerDay: count,
        tokensPerMonth: count,
        concurrentRequests: count,
        maxOutputTokens: count,
        toolCallsPerRequest: count,
        weight: { type: 'number', exclusiveMinimum: 0 },
      },
    },
    // So that a file may name this schema for its editor; it is no part of the grant.
    $schema: { type: 'string' },
  },
  $defs: {
    glob: { type: 'string', minLength: 1, maxLength: 256 },
    toolRule: {
      type: 'object',
      additionalProperties: false,
      properties: {
        approval: { type: 'string', const: 'ask' },
        arguments: { type: 'object', additionalProperties: constraint },
        additionalArguments: { type: 'boolean' },
      },
    },
    constraint: {
      type: 'object',
      additionalProperties: false,
      properties: {
        const: {},
        enum: { type: 'array' },
        type: { type: 'string', enum: [...JSON_TYPES] },
        pattern: { type: 'string', maxLength: 512 },
        minimum: { type: 'number' },
        maximum: { type: 'number' },
        minLength: count,
        maxLength: count,
        maxItems: count,
        items: constraint,
        properties: { type: 'object', additionalProperties: constraint },
        required: texts,
        within: { type: 'string', minLength: 1 },
        hardLinks: { type: 'boolean' },
        hosts: globs,
        cidr: texts,
      },
    },
  },
};
