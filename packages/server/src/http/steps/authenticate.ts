import type { Principal } from '@latchkey/auth-core';
import { createRequestAuthenticator, type RequestAuth } from '@latchkey/auth-core/http';
import type { Auth, LlmWords } from '@latchkey/auth-core/llm';
import { unlessAway } from '../end-tokens.ts';
import { withTokenOfPlace } from '../places.ts';
import type { RequestContext } from '../request-context.ts';
import type { Route } from '../route.ts';
import { authenticateSession, type SessionAuthenticationOptions } from '../session-caller.ts';
import { isConsoleCall } from '../session-keys.ts';
import type { Guard } from '../step.ts';

export interface AuthenticateOptions extends SessionAuthenticationOptions {
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

/** Authenticates one request, in one of the ways that its route allows. */
type Authenticate = (context: RequestContext) => Promise<RequestAuth<LlmWords>>;

/** Reads and verifies the token of a request, or the one of its session of the console, and sets its caller. */
export function createAuthentication(
  options: AuthenticateOptions,
): (route: Pick<Route, 'ends' | 'neverOpen'>) => Guard {
  const { auth, trustedProxies, basicAuthentication: basic, requiresAuthentication } = options;
  const present = ({ header, place, connection }: RequestContext) => ({
    header: place === undefined ? header : withTokenOfPlace(header, place),
    peer: connection.remoteAddress,
  });

  const byCredential = ({ recall = false, anywhere = false } = {}): Authenticate => {
    const byToken = createRequestAuthenticator({ auth, basic, trustedProxies, recall, anywhere });
    return (context) =>
      context.place === undefined && isConsoleCall(context)
        ? authenticateSession(context, options, { trustedProxies, anywhere })
        : byToken(present(context));
  };
  const ordinary = byCredential();
  const toEnd = { itself: byCredential({ recall: true, anywhere: true }), others: byCredential({ recall: true }) };
  const anonymously = createRequestAuthenticator({ auth, trustedProxies, optional: options.anonymous });
  const asAnybody: Authenticate = (context) => anonymously(present(context));

  const authenticate =
    (choose: () => Promise<Authenticate>): Guard =>
    async (context) => {
      context.caller = await (await choose())(context);
    };
  return ({ ends, neverOpen }) => {
    // While the store cannot answer whether a token is required, one is.
    if (ends !== undefined)
      return authenticate(async () => ((await unlessAway(requiresAuthentication)) === false ? asAnybody : toEnd[ends]));
    if (neverOpen) return authenticate(async () => ordinary);
    return authenticate(async () => ((await requiresAuthentication()) ? ordinary : asAnybody));
  };
}
