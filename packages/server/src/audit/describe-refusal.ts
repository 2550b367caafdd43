import { type AuditEvent, InvalidTokenError, LimitExceededError } from '@latchkey/auth-core';
import { ServerError } from '../contracts/server-error.ts';
import type { AuditedRequest } from './audited-request.ts';

/** The audit entry of a refused request. */
export type Refusal = Pick<AuditEvent, 'type' | 'details'>;

/** The refusal of a token, whether it was thrown directly or is the cause of another error. */
export function findRefusedToken(error: unknown): InvalidTokenError | undefined {
  return [error, error instanceof Error ? error.cause : undefined].find((cause) => cause instanceof InvalidTokenError);
}

/**
 * Classifies an error as the refusal of a login, by a grant, or by a limit; undefined for any other error. The result
 * states what was requested, without any text of a body.
 */
export function describeRefusal(error: unknown, request: AuditedRequest | undefined): Refusal | undefined {
  const asked = request === undefined ? {} : { method: request.method, route: request.route };
  const token = findRefusedToken(error);
  if (token !== undefined) return { type: 'authentication.refused', details: { code: token.code, ...asked } };
  if (!(error instanceof ServerError)) return undefined;
  const { code, details, param, message } = error;
  if (error.cause instanceof LimitExceededError)
    return { type: 'limit.exceeded', details: { code, ...details, ...asked } };
  if (code !== 'PERMISSION_DENIED') return undefined;
  return {
    type: 'permission.denied',
    details: {
      code,
      reason: message,
      ...(param === undefined ? {} : { param }),
      ...details,
      ...asked,
      ...(request?.action === undefined ? {} : { action: request.action }),
    },
  };
}
