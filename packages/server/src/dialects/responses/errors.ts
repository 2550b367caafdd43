import type { ApiDialect } from '../../contracts/api-dialect.ts';
import type { ServerError } from '../../contracts/server-error.ts';
import { openaiErrors } from '../../wire/openai-errors.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

export const responsesErrors: ApiDialect = { ...openaiErrors, name: 'openai-responses' };

/** The error of a response that has failed. */
export const renderFailure = (error: ServerError): Readonly<Record<string, unknown>> => ({
  code: WIRE_ERRORS[error.code].code,
  message: error.message,
  param: error.param ?? null,
});
