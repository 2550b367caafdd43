import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
};

/** `{"type":"error","error":{"type","message",…}}`; https://platform.claude.com/docs/en/api/errors. */
export const anthropicErrors: ApiDialect = {
  name: 'anthropic',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
    // Fields that the API does not have are added to its own: clients that know them read which parameter is at fault.
    const param = error.param === undefined ? {} : { param: error.param };
    const details = error.details === undefined ? {} : { details: error.details };
    return { status, body: { type: 'error', error: { type, message: error.message, code, ...param, ...details } } };
  },
};
