import type { Principal } from '@latchkey/auth-core';
import { createRequestAuthenticator, type RequestAuthenticator } from '@latchkey/auth-core/http';
import type { Auth, LlmWords } from '@latchkey/auth-core/llm';
import { unlessAway } from '../end-tokens.ts';
import type { Route } from '../route.ts';
import type { Guard } from '../step.ts';

export interface AuthenticateOptions {
  readonly auth: Auth;
  /** The principal of every caller while authentication is off. */
  readonly anonymous: Principal;
  /** Called for each request. */
  readonly requiresAuthentication: () => Promise<boolean>;
  /** Accept HTTP Basic as well, with the token as the password. */
  readonly basicAuthentication: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
}

/** Reads and verifies the token of a request, and sets its caller. */
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
    // While the store cannot answer whether a token is required, one is.
    if (ends !== undefined)
      return authenticate(async () => ((await unlessAway(requiresAuthentication)) === false ? asAnybody : toEnd[ends]));
    if (neverOpen) return authenticate(async () => byToken);
    return authenticate(async () => ((await requiresAuthentication()) ? byToken : asAnybody));
  };
}
