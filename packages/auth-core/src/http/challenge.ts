import { toErrorDescription } from '../error-description.ts';
import { type AuthError, type AuthErrorCode, LimitExceededError } from '../errors.ts';

/** How a refusal is said in HTTP. */
export interface Challenge {
  readonly status: number;
  /** A list is one header line for each of its values. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** Options of {@link challenge}. */
export interface ChallengeOptions {
  /** The realm that it names; `latchkey` by default. */
  readonly realm?: string;
  /** Offer HTTP Basic as well, where it is taken. Off by default. */
  readonly basic?: boolean;
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
  AUTH_TOKEN_ROTATED: invalidToken,
  AUTH_TOKEN_WRONG_AUDIENCE: invalidToken,
  AUTH_TOKEN_KIND_DISABLED: invalidToken,
  AUTH_PERMISSION_DENIED: { status: 403, bearer: 'insufficient_scope' },
  AUTH_GRANT_INVALID: { status: 400 },
  AUTH_GRANT_NOT_COVERED: { status: 403 },
  AUTH_TOKEN_NOT_FOUND: { status: 404 },
  AUTH_CONFLICT: { status: 409 },
  AUTH_LIMIT_EXCEEDED: { status: 429 },
  AUTH_AUDIT_UNAVAILABLE: { status: 503 },
  AUTH_STORE_UNAVAILABLE: { status: 503, retryAfter: '1' },
};

/**
 * Says with which status and headers an error is answered. `WWW-Authenticate` follows RFC 6750 section 3 and, for
 * Basic, RFC 7617 section 2.
 *
 * @example
 * ```ts
 * import { InvalidTokenError } from '@latchkey/auth-core';
 * import { challenge } from '@latchkey/auth-core/http';
 *
 * console.log(challenge(new InvalidTokenError('AUTH_TOKEN_MISSING')).headers); // { 'WWW-Authenticate': 'Bearer realm="latchkey"' }
 * ```
 */
export function challenge(error: AuthError, { realm = 'latchkey', basic = false }: ChallengeOptions = {}): Challenge {
  const { status, bearer, ...row } = ROWS[error.code];
  const retryAfter = error instanceof LimitExceededError ? String(error.retryAfterSeconds) : row.retryAfter;
  const parts = [`Bearer realm=${quote(realm)}`];
  if (typeof bearer === 'string') parts.push(`error="${bearer}"`, `error_description=${quote(error.message)}`);
  const challenged = parts.join(', ');
  // Basic has no word for a scope that does not suffice; another password would not help.
  const offers = basic && status === 401 ? [challenged, `Basic realm=${quote(realm)}, charset="UTF-8"`] : challenged;
  return {
    status,
    headers: {
      ...(bearer !== undefined && { 'WWW-Authenticate': offers }),
      ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
      ...(error instanceof LimitExceededError && rateLimitOf(error)),
    },
  };
}

/**
 * What is left of a limit on requests, which is nothing (draft-ietf-httpapi-ratelimit-headers). Of tokens there may be
 * some left; a request that asks for those was let in, and is told how things stand by that.
 */
function rateLimitOf({ limit, retryAfterSeconds }: LimitExceededError): Record<string, string> {
  if (limit === 'requestsPerMinute') return { RateLimit: `"${limit}";r=0;t=${retryAfterSeconds}` };
  return limit === 'concurrentRequests' ? { RateLimit: `"${limit}";r=0` } : {};
}

/** Whatever a message holds, it cannot leave its quotes. */
function quote(text: string): string {
  return `"${toErrorDescription(text).slice(0, 300)}"`;
}
