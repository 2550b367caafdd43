import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/** `{"detail","code"}`, as Django REST framework says it; a token that will not do is `token_not_valid` there. */
export const labelStudioDialect: ApiDialect = {
  name: 'label-studio',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    return { status, body: { detail: error.message, code: status === 401 ? 'token_not_valid' : code } };
  },
};
