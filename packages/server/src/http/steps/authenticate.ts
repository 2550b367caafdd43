import type { Principal } from '@latchkey/auth-core';
import { createRequestAuthenticator, type RequestAuthenticator } from '@latchkey/auth-core/http';
import type { Auth, LlmWords } from '@latchkey/auth-core/llm';
import { unlessAway } from '../end-tokens.ts';
import type { Route } from '../route.ts';
import type { Guard } from '../step.ts';

export interface AuthenticateOptions {
  readonly auth: Auth;
  /** Who everybody is, while authentication is off. */
  readonly anonymous: Principal;
  /** Asked at each request. */
  readonly requiresAuthentication: () => Promise<boolean>;
  /** Take HTTP Basic as well, the password being the token. */
  readonly basicAuthentication: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
}

/** Reads and verifies the token of a request: its caller is known from then on. */
export function createAuthentication(
  options: AuthenticateOptions,
): (route: Pick<Route, 'ends' | 'neverOpen'>) => Guard {
  const { auth, trustedProxies, basicAuthentication: basic, requiresAuthentication } = options;
  const byToken = createRequestAuthenticator({ auth, basic, trustedProxies });
  const toEnd = {
    itself: createRequestAuthenticator({ auth, basic, trustedProxies, recall: true, anywhere: true }),
    others: createRequestAuthenticator({ auth, basic, trustedProxies, recall: true }),
  };
  const asAnybody = createRequestAuthenticator({ auth, trustedProxies, optional: options.anonymous });

  const authenticate =
    (choose: () => Promise<RequestAuthenticator<LlmWords>>): Guard =>
    async (context) => {
      const { header, connection } = context;
      context.caller = await (await choose())({ header, peer: connection.remoteAddress });
    };
  return ({ ends, neverOpen }) => {
    // While nobody can say whether a token is needed, one is.
    if (ends !== undefined)
      return authenticate(async () => ((await unlessAway(requiresAuthentication)) === false ? asAnybody : toEnd[ends]));
    if (neverOpen) return authenticate(async () => byToken);
    return authenticate(async () => ((await requiresAuthentication()) ? byToken : asAnybody));
  };
}
