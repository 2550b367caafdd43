import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/**
 * `{"error": "…"}`: Ollama's clients show this text. Code, parameter and details are added beside it, for clients that
 * read more; https://docs.ollama.com/api/errors.
 */
export const ollamaErrors: ApiDialect = {
  name: 'ollama',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const param = error.param === undefined ? {} : { param: error.param };
    const details = error.details === undefined ? {} : { details: error.details };
    return { status, body: { error: error.message, code, ...param, ...details } };
  },
};
