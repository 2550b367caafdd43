import { InvalidTokenError, PermissionDeniedError } from '@latchkey/auth-core';
import type { Action } from '@latchkey/auth-core/llm';
import type { Guard } from '../step.ts';

/** Lets a request pass only if its caller's grants all allow the action. */
export const authorize =
  (action: Action): Guard =>
  ({ auth }) => {
    const decision = auth.decide({ action });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
  };

/**
 * Verifies the caller again once its body is there, which may have taken minutes: what is done is done with the authority
 * of then. What follows reads the newest principal.
 *
 * @param mayBeAnonymous asked about a caller that came in without a token: authentication may have been switched on since
 */
export const verifyAgain =
  (mayBeAnonymous: () => Promise<boolean>): Guard =>
  async ({ auth }) => {
    const principal = await auth.reverify();
    if (principal.kind === 'anonymous' && !(await mayBeAnonymous())) throw new InvalidTokenError('AUTH_TOKEN_MISSING');
  };
