import { toErrorDescription } from '@latchkey/auth-core/http';
import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/** The error codes of RFC 6749 section 5.2 and RFC 6750 section 3.1, by status. */
const ERRORS: Readonly<Record<number, string>> = {
  401: 'invalid_token',
  403: 'insufficient_scope',
  429: 'slow_down',
  503: 'temporarily_unavailable',
};

/** `{"error","error_description"}` (RFC 6749 section 5.2). */
export const oauthDialect: ApiDialect = {
  name: 'oauth',
  renderError: (error) => {
    const { status } = WIRE_ERRORS[error.code];
    const fallback = status < 500 ? 'invalid_request' : 'server_error';
    return {
      status,
      body: { error: ERRORS[status] ?? fallback, error_description: toErrorDescription(error.message) },
    };
  },
};
