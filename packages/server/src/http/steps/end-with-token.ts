import { AuthError, InvalidTokenError, StoreUnavailableError } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { ServerError } from '../../contracts/server-error.ts';
import type { Guard } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/** How often a running request's token is looked at again; with the time a verification may count, within a second. */
const CHECK_MILLISECONDS = 400;
/** How many looks in a row may stay without an answer. */
const PATIENCE = 5;

/**
 * Ends a request whose token ends while it runs: revoked here, at once; revoked by another process or expired, or its
 * project withdrawn, within a second. What it decides after a look it decides by the grants as they are then. For requests
 * that may run long.
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
      // A look that takes longer than the time between two counts as one without an answer.
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
    /** A store may be away for a moment; one that gives no answer for longer must not be taken for a yes. */
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
