import type { Vocabulary } from '../authority/vocabulary.ts';
import { AUTH_ERROR_CODES } from '../errors.ts';
import { OPERATIONS, type Operation } from './operations.ts';

const ID = { name: 'id', in: 'path', required: true, schema: { type: 'string' } } as const;
const REFUSALS = {
  400: 'The input is not what it must be.',
  401: 'The token is missing or is not valid.',
  403: 'The token does not allow this.',
  404: 'There is no such token among those that the caller may manage.',
  409: 'The token was changed in the meantime, or its state does not allow this.',
  429: 'A limit of the caller is used up.',
  503: 'The store does not answer, or the audit log takes no entry.',
} as const;

/** Describes the administration of tokens as OpenAPI 3.1, with the grants of a vocabulary. */
export function describeTokenApi({ grantSchema }: Vocabulary, path: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    const place = `${path}${operation.path}`;
    paths[place] = { ...paths[place], [operation.method.toLowerCase()]: describeOperation(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Administration of tokens', version: '1' },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Grant: grantSchema, Error: ERROR },
    },
  };
}

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string', examples: [...AUTH_ERROR_CODES] }, message: { type: 'string' } },
    },
  },
} as const;

function describeOperation({ name, method, path, summary, fields, required = [], status }: Operation): object {
  const schemas = Object.entries(fields).map(([field, schema]) => [
    field,
    field === 'grant' ? { $ref: '#/components/schemas/Grant' } : schema,
  ]);
  const query =
    method === 'GET' ? Object.entries(fields).map(([field, schema]) => ({ name: field, in: 'query', schema })) : [];
  const parameters = [...(path.startsWith('/{id}') ? [ID] : []), ...query];
  const hasBody = method !== 'GET' && schemas.length > 0;
  const body = { type: 'object', additionalProperties: false, properties: Object.fromEntries(schemas), required };
  const refusals = Object.entries(REFUSALS).map(([code, description]) => [
    code,
    { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
  ]);
  return {
    operationId: name,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody && {
      requestBody: { required: required.length > 0, content: { 'application/json': { schema: body } } },
    }),
    responses: {
      [status]: { description: 'Done.', content: { 'application/json': {} } },
      ...Object.fromEntries(refusals),
    },
  };
}
