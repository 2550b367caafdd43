import { DEFAULT_NAMES } from '../authority/names.ts';
import { toErrorDescription } from '../error-description.ts';
import type { AuthError, AuthErrorCode, LimitExceededError } from '../errors.ts';

/** A refusal as an HTTP status and headers. */
export interface Challenge {
  readonly status: number;
  /** A list is one header line for each of its values. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** Options of {@link challenge}. */
export interface ChallengeOptions {
  /** The realm that it names; `api` by default. See `AuthNames.realm`. */
  readonly realm?: string;
  /** Offer HTTP Basic as well, where it is accepted. Off by default. */
  readonly basic?: boolean;
}

interface Row {
  readonly status: number;
  /** `true`: only say how to authenticate; a text: also send it as the error code of RFC 6750. */
  readonly bearer?: true | 'invalid_token' | 'insufficient_scope';
  readonly retryAfter?: string;
}

const invalidToken: Row = { status: 401, bearer: 'invalid_token' };

/** A code that is added to the core does not compile until it has a row here. */
const ROWS: Readonly<Record<AuthErrorCode, Row>> = {
  // RFC 6750 3.1: a request without credentials gets no error code.
  AUTH_TOKEN_MISSING: { status: 401, bearer: true },
  AUTH_TOKEN_MALFORMED: invalidToken,
  AUTH_TOKEN_UNKNOWN: invalidToken,
  AUTH_TOKEN_EXPIRED: invalidToken,
  AUTH_TOKEN_NOT_YET_VALID: invalidToken,
  AUTH_TOKEN_REVOKED: invalidToken,
  AUTH_TOKEN_ROTATED: invalidToken,
  AUTH_TOKEN_WRONG_AUDIENCE: invalidToken,
  AUTH_TOKEN_KIND_DISABLED: invalidToken,
  AUTH_PERMISSION_DENIED: { status: 403, bearer: 'insufficient_scope' },
  AUTH_GRANT_INVALID: { status: 400 },
  AUTH_INPUT_INVALID: { status: 400 },
  AUTH_GRANT_NOT_COVERED: { status: 403 },
  AUTH_TOKEN_NOT_FOUND: { status: 404 },
  AUTH_CONFLICT: { status: 409 },
  AUTH_LIMIT_EXCEEDED: { status: 429 },
  AUTH_AUDIT_UNAVAILABLE: { status: 503 },
  AUTH_STORE_UNAVAILABLE: { status: 503, retryAfter: '1' },
};

/**
 * Returns the status and the headers that answer an error. `WWW-Authenticate` follows RFC 6750 section 3 and, for
 * Basic, RFC 7617 section 2.
 *
 * @example
 * ```ts
 * import { InvalidTokenError } from '@latchkey/auth-core';
 * import { challenge } from '@latchkey/auth-core/http';
 *
 * console.log(challenge(new InvalidTokenError('AUTH_TOKEN_MISSING')).headers); // { 'WWW-Authenticate': 'Bearer realm="api"' }
 * ```
 */
export function challenge(
  error: AuthError,
  { realm = DEFAULT_NAMES.realm, basic = false }: ChallengeOptions = {},
): Challenge {
  const { status, bearer, ...row } = ROWS[error.code];
  const retryAfter = isLimitExceeded(error) ? String(error.retryAfterSeconds) : row.retryAfter;
  const parts = [`Bearer realm=${quote(realm)}`];
  if (typeof bearer === 'string') parts.push(`error="${bearer}"`, `error_description=${quote(error.message)}`);
  const challenged = parts.join(', ');
  // Not offered with 403: Basic cannot express an insufficient scope, and another password would not help.
  const offers = basic && status === 401 ? [challenged, `Basic realm=${quote(realm)}, charset="UTF-8"`] : challenged;
  return {
    status,
    headers: {
      ...(bearer !== undefined && { 'WWW-Authenticate': offers }),
      ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
      ...(isLimitExceeded(error) && rateLimitOf(error)),
    },
  };
}

/** By its code: another copy of this package has classes of its own. */
function isLimitExceeded(error: AuthError): error is LimitExceededError {
  return error.code === 'AUTH_LIMIT_EXCEEDED';
}

/**
 * The `RateLimit` header (draft-ietf-httpapi-ratelimit-headers) of an exceeded limit on requests, with nothing left.
 * For other limits, such as token budgets, some may be left; those headers come from the admission of the request.
 */
function rateLimitOf({ limit, retryAfterSeconds }: LimitExceededError): Record<string, string> {
  if (limit === 'requestsPerMinute') return { RateLimit: `"${limit}";r=0;t=${retryAfterSeconds}` };
  return limit === 'concurrentRequests' ? { RateLimit: `"${limit}";r=0` } : {};
}

/** Quotes a message. No character in it can end the quotes. */
function quote(text: string): string {
  return `"${toErrorDescription(text).slice(0, 300)}"`;
}
