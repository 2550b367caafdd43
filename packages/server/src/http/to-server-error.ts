import { AuthError, type AuthErrorCode, LimitExceededError, PermissionDeniedError } from '@latchkey/auth-core';
import { denialDetails } from '../contracts/denial-details.ts';
import { type ErrorDetails, ServerError, type ServerErrorCode } from '../contracts/server-error.ts';
import { unexpected, unstored } from '../contracts/unexpected.ts';

const AUTH_CODES: Record<Exclude<AuthErrorCode, 'AUTH_LIMIT_EXCEEDED'>, ServerErrorCode> = {
  AUTH_TOKEN_MISSING: 'UNAUTHENTICATED',
  AUTH_TOKEN_MALFORMED: 'UNAUTHENTICATED',
  AUTH_TOKEN_UNKNOWN: 'UNAUTHENTICATED',
  AUTH_TOKEN_EXPIRED: 'TOKEN_EXPIRED',
  AUTH_TOKEN_NOT_YET_VALID: 'TOKEN_NOT_YET_VALID',
  AUTH_TOKEN_REVOKED: 'TOKEN_REVOKED',
  AUTH_TOKEN_ROTATED: 'TOKEN_ROTATED',
  AUTH_TOKEN_WRONG_AUDIENCE: 'TOKEN_WRONG_AUDIENCE',
  AUTH_TOKEN_KIND_DISABLED: 'TOKEN_KIND_DISABLED',
  AUTH_PERMISSION_DENIED: 'PERMISSION_DENIED',
  AUTH_GRANT_INVALID: 'INVALID_REQUEST',
  AUTH_INPUT_INVALID: 'INVALID_REQUEST',
  AUTH_GRANT_NOT_COVERED: 'PERMISSION_DENIED',
  AUTH_TOKEN_NOT_FOUND: 'NOT_FOUND',
  AUTH_CONFLICT: 'CONFLICT',
  AUTH_AUDIT_UNAVAILABLE: 'AUDIT_UNAVAILABLE',
  AUTH_STORE_UNAVAILABLE: 'STORE_UNAVAILABLE',
};

/** The code names the limit: a client can wait for a limit per minute, but not for a limit per month. */
const LIMIT_CODES: Readonly<Record<string, ServerErrorCode>> = {
  requestsPerMinute: 'REQUESTS_PER_MINUTE_EXCEEDED',
  concurrentRequests: 'CONCURRENT_REQUESTS_EXCEEDED',
  tokensPerDay: 'TOKENS_PER_DAY_EXCEEDED',
  tokensPerMonth: 'TOKENS_PER_MONTH_EXCEEDED',
  moneyPerDay: 'BUDGET_EXCEEDED',
  moneyPerMonth: 'BUDGET_EXCEEDED',
};

/** Converts anything that was thrown into an error with a code that may be shown to the caller. */
export function toServerError(thrown: unknown): ServerError {
  if (thrown instanceof ServerError) return thrown;
  if (!(thrown instanceof AuthError)) return unexpected(thrown);
  const known = unstored(thrown);
  if (known !== undefined) return known;
  return new ServerError(codeOf(thrown), thrown.message, {
    cause: thrown,
    details: detailsOf(thrown),
    ...paramOf(thrown),
  });
}

function codeOf(error: AuthError): ServerErrorCode {
  if (error instanceof LimitExceededError) return LIMIT_CODES[error.limit] ?? 'INTERNAL';
  return error.code === 'AUTH_LIMIT_EXCEEDED' ? 'INTERNAL' : AUTH_CODES[error.code];
}

/** The cause of the error: the path in the body, or the limit. */
function paramOf(error: AuthError): { readonly param?: string } {
  if (error instanceof LimitExceededError) return { param: error.limit };
  return 'path' in error && typeof error.path === 'string' ? { param: error.path } : {};
}

/** The core's own code, and the grant or limit. */
function detailsOf(error: AuthError): ErrorDetails {
  const { code } = error;
  if (error instanceof PermissionDeniedError) return { code, ...denialDetails(error.decision) };
  if (error instanceof LimitExceededError) return { code, limit: error.limit, source: error.source };
  return { code };
}
