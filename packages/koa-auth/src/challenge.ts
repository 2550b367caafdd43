import { type AuthError, type AuthErrorCode, LimitExceededError } from '@latchkey/auth-core';

/** How a refusal is said in HTTP. */
export interface Challenge {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface Row {
  readonly status: number;
  /** `true`: say how to authenticate; a text: RFC 6750's word for what was wrong, too. */
  readonly bearer?: true | 'invalid_token' | 'insufficient_scope';
  readonly retryAfter?: string;
}

const invalidToken: Row = { status: 401, bearer: 'invalid_token' };

/** A code that is added to the core does not compile until it has a row here. */
const ROWS: Readonly<Record<AuthErrorCode, Row>> = {
  // RFC 6750 3.1: who sent no credentials is told of no error.
  AUTH_TOKEN_MISSING: { status: 401, bearer: true },
  AUTH_TOKEN_MALFORMED: invalidToken,
  AUTH_TOKEN_UNKNOWN: invalidToken,
  AUTH_TOKEN_EXPIRED: invalidToken,
  AUTH_TOKEN_NOT_YET_VALID: invalidToken,
  AUTH_TOKEN_REVOKED: invalidToken,
  AUTH_PERMISSION_DENIED: { status: 403, bearer: 'insufficient_scope' },
  AUTH_GRANT_INVALID: { status: 400 },
  AUTH_GRANT_NOT_COVERED: { status: 403 },
  AUTH_TOKEN_NOT_FOUND: { status: 404 },
  AUTH_CONFLICT: { status: 409 },
  AUTH_LIMIT_EXCEEDED: { status: 429 },
  AUTH_STORE_UNAVAILABLE: { status: 503, retryAfter: '1' },
};

/**
 * Says with which status and headers an error is answered; `WWW-Authenticate` follows RFC 6750 section 3.
 *
 * @example
 * ```ts
 * import { InvalidTokenError } from '@latchkey/auth-core';
 * import { challenge } from '@latchkey/koa-auth';
 *
 * console.log(challenge(new InvalidTokenError('AUTH_TOKEN_MISSING')).headers); // { 'WWW-Authenticate': 'Bearer realm="latchkey"' }
 * ```
 */
export function challenge(error: AuthError, realm = 'latchkey'): Challenge {
  const { status, bearer, ...row } = ROWS[error.code];
  const retryAfter = error instanceof LimitExceededError ? String(error.retryAfterSeconds) : row.retryAfter;
  const parts = [`realm=${quote(realm)}`];
  if (typeof bearer === 'string') parts.push(`error="${bearer}"`, `error_description=${quote(error.message)}`);
  return {
    status,
    headers: {
      ...(bearer !== undefined && { 'WWW-Authenticate': `Bearer ${parts.join(', ')}` }),
      ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
    },
  };
}

/** RFC 6750 3: visible ASCII without quote and backslash. Whatever a message holds, it cannot leave its quotes. */
function quote(text: string): string {
  return `"${text
    .replaceAll('"', "'")
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, '?')
    .slice(0, 300)}"`;
}
