import { AuthError, InvalidTokenError, StoreUnavailableError } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { ServerError } from '../../contracts/server-error.ts';
import type { Guard } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/**
 * How often the token of a running request is verified; with the lifetime of a cached verification, within a second.
 */
const CHECK_MILLISECONDS = 400;
/** How many verifications in a row may fail to get an answer. */
const PATIENCE = 5;

/**
 * Ends a request whose token ends while it runs: at once if it is revoked in this process; within a second if it is
 * revoked by another process, expires, or its project is withdrawn. Decisions after a verification use the grants as of
 * that verification. For routes that may run long.
 */
export function endWithToken(auth: Pick<Auth, 'onRevoked'>): Guard {
  return (context) => {
    const { principal, reverify } = context.auth;
    if (principal.kind === 'anonymous') return;
    const ended = new AbortController();
    const end = (cause: AuthError): void => {
      const { code, details = {} } = toServerError(cause);
      const message =
        cause instanceof StoreUnavailableError
          ? 'Nobody can say any more whether the token of this request still counts.'
          : 'The token of this request has ended while it ran.';
      ended.abort(new ServerError(code, message, { cause, details }));
    };
    const stopListening = auth.onRevoked((revoked) => {
      if (principal.chain.includes(revoked)) end(new InvalidTokenError('AUTH_TOKEN_REVOKED'));
    });
    let unanswered = 0;
    let isChecking = false;
    const check = async (): Promise<void> => {
      // A verification that takes longer than the interval counts as unanswered.
      if (isChecking) return unanswer();
      isChecking = true;
      try {
        await reverify();
        unanswered = 0;
      } catch (error) {
        if (error instanceof AuthError && !(error instanceof StoreUnavailableError)) end(error);
        else unanswer();
      } finally {
        isChecking = false;
      }
    };
    /** A store may be unavailable for a moment; a longer outage must not count as a successful verification. */
    const unanswer = (): void => {
      unanswered += 1;
      if (unanswered >= PATIENCE) end(new StoreUnavailableError(new Error('the token was not looked up in time')));
    };
    const checks = setInterval(() => void check(), CHECK_MILLISECONDS);
    context.onEnd(async () => {
      await context.goesOn;
      clearInterval(checks);
      stopListening();
    });
    context.signal = AbortSignal.any([context.signal, ended.signal]);
    context.ended = AbortSignal.any([context.ended, ended.signal]);
  };
}
