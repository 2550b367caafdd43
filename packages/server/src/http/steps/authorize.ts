import { InvalidTokenError, PermissionDeniedError } from '@latchkey/auth-core';
import type { Action } from '@latchkey/auth-core/llm';
import type { Guard } from '../step.ts';

/** Lets a request pass only if every grant of its caller allows the action. */
export const authorize =
  (action: Action): Guard =>
  ({ auth }) => {
    const decision = auth.decide({ action });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
  };

/**
 * Verifies the caller again after its body was read, which may have taken minutes, so that the request runs with the
 * current authority. Later steps read the new principal.
 *
 * @param mayBeAnonymous called for a caller without a token: authentication may have been switched on since
 */
export const verifyAgain =
  (mayBeAnonymous: () => Promise<boolean>): Guard =>
  async ({ auth }) => {
    const principal = await auth.reverify();
    if (principal.kind === 'anonymous' && !(await mayBeAnonymous())) throw new InvalidTokenError('AUTH_TOKEN_MISSING');
  };
