/**
 * Why a server cannot be signed in to, or a login cannot be used.
 *
 * - `wanted`: a person must sign in, for the first time or again.
 * - `refused`: what the other side sent is not what it must be, or is not allowed here. The attempt is over.
 * - `unavailable`: the other side does not answer; it may be tried again.
 * - `pending`: the person has not finished yet.
 * - `invalid`: the caller's own input cannot be used, e.g. an answer of another attempt.
 */
export type LoginErrorCode = 'wanted' | 'refused' | 'unavailable' | 'pending' | 'invalid';

/** The message is safe to show: it quotes no token, no code and no text of the other side. */
export class LoginError extends Error {
  override readonly name = 'LoginError';
  readonly code: LoginErrorCode;
  /** When to ask again, for `pending`. */
  readonly afterMs?: number;

  constructor(code: LoginErrorCode, message: string, { cause, afterMs }: { cause?: unknown; afterMs?: number } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (afterMs !== undefined) this.afterMs = afterMs;
  }
}

/** The LoginError that caused an error, if there is one. */
export function loginProblem(error: unknown): LoginError | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    if (cause instanceof LoginError) return cause;
  }
  return undefined;
}

export const refused = (message: string): LoginError => new LoginError('refused', message);
