import { AuthError, type AuthErrorCode, LimitExceededError } from '@latchkey/auth-core';
import { ServerError, type ServerErrorCode } from '../contracts/server-error.ts';

const AUTH_CODES: Record<AuthErrorCode, ServerErrorCode> = {
  AUTH_TOKEN_MISSING: 'UNAUTHENTICATED',
  AUTH_TOKEN_MALFORMED: 'UNAUTHENTICATED',
  AUTH_TOKEN_UNKNOWN: 'UNAUTHENTICATED',
  AUTH_TOKEN_EXPIRED: 'UNAUTHENTICATED',
  AUTH_TOKEN_NOT_YET_VALID: 'UNAUTHENTICATED',
  AUTH_TOKEN_REVOKED: 'UNAUTHENTICATED',
  AUTH_PERMISSION_DENIED: 'PERMISSION_DENIED',
  AUTH_GRANT_INVALID: 'INVALID_REQUEST',
  AUTH_GRANT_NOT_COVERED: 'PERMISSION_DENIED',
  AUTH_TOKEN_NOT_FOUND: 'NOT_FOUND',
  AUTH_CONFLICT: 'CONFLICT',
  AUTH_LIMIT_EXCEEDED: 'LIMIT_EXCEEDED',
  AUTH_STORE_UNAVAILABLE: 'STORE_UNAVAILABLE',
};

/** Whatever was thrown, as an error that has a code and may be shown. */
export function toServerError(thrown: unknown): ServerError {
  if (thrown instanceof ServerError) return thrown;
  if (thrown instanceof AuthError) {
    return new ServerError(AUTH_CODES[thrown.code], thrown.message, { cause: thrown, ...paramOf(thrown) });
  }
  return new ServerError('INTERNAL', 'The server failed at this request; its log says why.', { cause: thrown });
}

/** What is at fault: the path in the body, or the limit. */
function paramOf(error: AuthError): { readonly param?: string } {
  if (error instanceof LimitExceededError) return { param: error.limit };
  return 'path' in error && typeof error.path === 'string' ? { param: error.path } : {};
}
