import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/** `{"detail","code"}`, as in Django REST framework, where an invalid token has the code `token_not_valid`. */
export const labelStudioDialect: ApiDialect = {
  name: 'label-studio',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    return { status, body: { detail: error.message, code: status === 401 ? 'token_not_valid' : code } };
  },
};
