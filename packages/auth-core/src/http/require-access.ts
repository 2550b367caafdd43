import type { AccessRequest } from '../authority/decision.ts';
import type { Action, Words } from '../authority/vocabulary.ts';
import { InvalidTokenError, PermissionDeniedError } from '../errors.ts';
import { isGuest } from './guests.ts';
import type { RequestAuth } from './request-authenticator.ts';

/**
 * Lets a request pass only if its caller may do the action. A description names everything that the route is about: a
 * value that is `undefined`, such as a parameter with another name, would not be decided at all, and so it is refused.
 *
 * @throws {AuthError} `AUTH_PERMISSION_DENIED`, with the decision; `AUTH_TOKEN_MISSING` for a guest
 * @throws {TypeError} when the description lacks a value that it names, or the vocabulary a word of it
 */
export function requireAccess<W extends Words>(
  caller: Pick<RequestAuth<W>, 'decide' | 'principal'>,
  action: Action<W>,
  described: Partial<Omit<AccessRequest<W>, 'action'>> = {},
): void {
  for (const [name, value] of Object.entries(described)) {
    if (value === undefined)
      throw new TypeError(`${action}: the description of the request has no value for '${name}'`);
  }
  requireDecision(caller, { ...described, action } as AccessRequest<W>);
}

/** As {@link requireAccess}, for a whole request. */
export function requireDecision<W extends Words>(
  { principal, decide }: Pick<RequestAuth<W>, 'decide' | 'principal'>,
  request: AccessRequest<W>,
): void {
  if (isGuest(principal)) throw new InvalidTokenError('AUTH_TOKEN_MISSING');
  const decision = decide(request);
  if (!decision.allowed) throw new PermissionDeniedError(decision);
}
