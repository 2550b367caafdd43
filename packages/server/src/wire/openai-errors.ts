import type { ApiDialect } from '../contracts/api-dialect.ts';
import { WIRE_ERRORS } from './wire-errors.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** How OpenAI's APIs render errors: `{"error":{"message","type","param","code"}}`; https://platform.openai.com/docs/guides/error-codes. */
export const openaiErrors: ApiDialect = {
  name: 'openai',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
    const details = error.details === undefined ? {} : { details: error.details };
    return { status, body: { error: { message: error.message, type, param: error.param ?? null, code, ...details } } };
  },
};
