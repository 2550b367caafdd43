import { StoreUnavailableError } from '@latchkey/auth-core';
import { watchCaller } from '@latchkey/auth-core/http';
import type { Auth } from '@latchkey/auth-core/llm';
import { ServerError } from '../../contracts/server-error.ts';
import type { Guard } from '../step.ts';
import { toServerError } from '../to-server-error.ts';

/**
 * Ends a request whose token ends while it runs, as `watchCaller` notices it, whose project is withdrawn, or whose
 * session of the console ends. Decisions after a verification use the grants as of that verification. For routes that may run long.
 */
export function endWithToken(auth: Pick<Auth, 'onRevoked'>): Guard {
  return (context) => {
    if (context.auth.principal.kind === 'anonymous') return;
    const { signal: watched, stop } = watchCaller(auth, context.auth);
    const ended = new AbortController();
    watched.addEventListener('abort', () => ended.abort(toReason(watched.reason)), { once: true });
    const forget = context.session?.onEnded(() => ended.abort(signedOut()));
    context.onEnd(async () => {
      await context.workEnded();
      forget?.();
      stop();
    });
    context.signal = AbortSignal.any([context.signal, ended.signal]);
    context.ended = AbortSignal.any([context.ended, ended.signal]);
  };
}

const signedOut = (): ServerError =>
  new ServerError('UNAUTHENTICATED', 'The session of the console has ended while this request ran.');

function toReason(cause: unknown): ServerError {
  const { code, details = {} } = toServerError(cause);
  const message =
    cause instanceof StoreUnavailableError
      ? 'For a while it could not be verified that the token of this request is still valid.'
      : 'The token of this request has ended while it ran.';
  return new ServerError(code, message, { cause, details });
}
