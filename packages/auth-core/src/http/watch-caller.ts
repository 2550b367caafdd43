import type { Auth } from '../auth.ts';
import { InvalidTokenError, isAuthError, isStoreFailure, StoreUnavailableError } from '../errors.ts';
import { type Repeat, systemRepeat } from '../repeat.ts';
import type { RequestAuth } from './request-authenticator.ts';

/** How often the token of a running request is verified again. With the cache of the verifier, within a second. */
const CHECK_MILLISECONDS = 400;
/** How many checks in a row may stay without an answer. */
const PATIENCE = 5;

/** A watch over the caller of a running request. */
export interface CallerWatch {
  /** Fires when the token ends, with the `AuthError` as its reason. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/**
 * Watches the token of a running request: revoked in this process, it ends at once; revoked in another, or expired,
 * within a second. A store that does not answer for two seconds ends it too, since nothing proves then that the token
 * is still valid.
 */
export function watchCaller(
  auth: Pick<Auth, 'onRevoked'>,
  { principal, reverify }: Pick<RequestAuth, 'principal' | 'reverify'>,
  repeat: Repeat = systemRepeat,
): CallerWatch {
  const ended = new AbortController();
  let unanswered = 0;
  let isChecking = false;

  const stopListening = auth.onRevoked((revoked) => {
    if (principal.chain.includes(revoked)) end(new InvalidTokenError('AUTH_TOKEN_REVOKED'));
  });
  const stopChecking = repeat(() => void check(), CHECK_MILLISECONDS);

  function stop(): void {
    stopChecking();
    stopListening();
  }

  function end(reason: unknown): void {
    stop();
    ended.abort(reason);
  }

  async function check(): Promise<void> {
    // A check that takes longer than the time between two counts as one without an answer.
    if (isChecking) return countUnanswered();
    isChecking = true;
    try {
      await reverify();
      unanswered = 0;
    } catch (error) {
      if (isAuthError(error) && !isStoreFailure(error)) end(error);
      else countUnanswered();
    } finally {
      isChecking = false;
    }
  }

  function countUnanswered(): void {
    unanswered += 1;
    if (unanswered >= PATIENCE) end(new StoreUnavailableError(new Error('the token was not verified again in time')));
  }

  // It may have ended between its verification and now.
  void check();
  return { signal: ended.signal, stop };
}
