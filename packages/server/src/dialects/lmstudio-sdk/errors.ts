import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/** The serialised error of LM Studio's SDK protocol: its title is what a program's user reads. */
export const sdkErrors: ApiDialect = {
  name: 'lmstudio-sdk',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const param = error.param === undefined ? {} : { param: error.param };
    return {
      status,
      body: { title: error.message, rootTitle: error.message, errorData: { code, ...param, ...error.details } },
    };
  },
};
