import { InvalidTokenError, PermissionDeniedError } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { toActor } from '../../audit/audited-request.ts';
import { belowPublicUrl } from '../../config/public-url.ts';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { OPENID_START_PATH, type Openid } from '../../openid/open-openid.ts';
import { type KeptSignIn, PENDING_MILLISECONDS } from '../../openid/pending-cookie.ts';
import { readPerson } from '../../openid/person.ts';
import { SignInError } from '../../openid/provider.ts';
import type { ConsoleSessions, StartedSession } from '../../sessions/console-sessions.ts';
import { excerpt } from '../../telemetry/hide-secrets.ts';
import { json, type Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import { readSignInCookies, sessionCookie, signInCookie } from '../session-keys.ts';
import type { Handler } from '../step.ts';
import { verifyInBody } from '../verify-in-body.ts';

const BROWSER_CHARACTERS = 200;
/** More cookies of one name than this are not tried. */
const MOST_COOKIES = 4;
const MOST_TARGET_CHARACTERS = 4096;

export interface OpenidHandlersOptions {
  readonly auth: Auth;
  readonly sessions: Pick<ConsoleSessions, 'start'>;
  /** Absent where people sign in with tokens only. */
  readonly openid?: Openid | undefined;
}

export interface OpenidHandlers {
  /** `GET /api/v1/sign-in`: what the sign-in page of the console offers besides tokens. */
  readonly offer: Handler;
  /** `GET /openid/start`: sends the browser to the provider. */
  readonly start: Handler;
  /** `GET /openid/callback`: where it comes back, and a session begins. */
  readonly callback: Handler;
}

/**
 * Signing in to the console with an account of a provider (OpenID Connect Core 1.0). Both endpoints always lead a
 * browser back to the console. The session's key for the page is in the fragment of that address, which no server sees.
 */
export function createOpenidHandlers({ auth, sessions, openid }: OpenidHandlersOptions): OpenidHandlers {
  if (openid === undefined) return NONE;
  const { provider, accounts, cookies, publicUrl, issuer, groupsClaim, sessionHours } = openid;
  const isSecure = new URL(publicUrl).protocol === 'https:';

  const back = (context: RequestContext, to: string, fragment: string, more: readonly string[] = []): Reply => ({
    status: 303,
    headers: {
      // Relative: a proxy may serve this below a prefix.
      Location: `..${to}#${fragment}`,
      'Cache-Control': 'no-store',
      'Set-Cookie': [signInCookie(context, '', { isSecure, seconds: 0 }), ...more],
    },
  });

  function failed(context: RequestContext, to: string, error: unknown): Reply {
    const failure = toFailure(error);
    if (failure === 'failed') context.logger.error({ err: error }, 'a sign-in failed');
    else
      context.logger.info({ failure, detail: error instanceof Error ? error.message : undefined }, 'a sign-in failed');
    return back(context, to, `sign-in-failed=${failure}`);
  }

  async function findPending(context: RequestContext): Promise<KeptSignIn | undefined> {
    for (const value of readSignInCookies(context).slice(0, MOST_COOKIES)) {
      const pending = await cookies.open(value);
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  async function startSession(context: RequestContext, pending: KeptSignIn): Promise<StartedSession> {
    const { subject, claims } = await provider.finish(context.querystring, pending);
    const token = await accounts.tokenOf(readPerson(issuer, subject, claims, groupsClaim));
    if (token === undefined) throw new NoGrantError();
    const principal = await verifyInBody(auth, context, token);
    const browser = context.get('user-agent');
    return sessions.start({
      token,
      principal,
      actor: toActor(principal),
      milliseconds: sessionHours * 3_600_000,
      ...withoutAbsent({ address: context.address, browser: browser && excerpt(browser, BROWSER_CHARACTERS) }),
    });
  }

  return {
    offer: async () => json({ openid: { name: openid.name, url: belowPublicUrl(publicUrl, OPENID_START_PATH) } }),
    start: async (context) => {
      const to = readTarget(context.query.to);
      try {
        const { pending, url } = await provider.begin();
        const kept = await cookies.seal({ ...pending, to });
        const cookie = signInCookie(context, kept, { isSecure, seconds: PENDING_MILLISECONDS / 1000 });
        return { status: 303, headers: { Location: url, 'Cache-Control': 'no-store', 'Set-Cookie': cookie } };
      } catch (error) {
        return failed(context, to, error);
      }
    },
    callback: async (context) => {
      const pending = await findPending(context);
      if (pending === undefined) return back(context, CONSOLE, 'sign-in-failed=expired');
      try {
        const { session, cookie, pageKey } = await startSession(context, pending);
        return back(context, pending.to, `session=${session.id}.${pageKey}`, [
          sessionCookie(context, cookie, isSecure),
        ]);
      } catch (error) {
        return failed(context, pending.to, error);
      }
    },
  };
}

const CONSOLE = '/console/';

/** The page of the console to come back to; anything else leads to its first one. */
function readTarget(to: unknown): string {
  if (typeof to !== 'string' || to.length > MOST_TARGET_CHARACTERS) return CONSOLE;
  const base = 'http://console.invalid';
  const url = URL.canParse(to, base) ? new URL(to, base) : undefined;
  const isOwn = url?.origin === base && /^\/console(?:\/|$)/.test(url.pathname);
  return isOwn ? `${url.pathname}${url.search}` : CONSOLE;
}

class NoGrantError extends Error {}

/** The words that the console has for what went wrong: nothing of the provider's answer is shown. */
function toFailure(error: unknown): string {
  if (error instanceof SignInError) return error.failure;
  if (error instanceof NoGrantError) return 'no-grant';
  return error instanceof PermissionDeniedError || error instanceof InvalidTokenError ? 'denied' : 'failed';
}

const NONE: OpenidHandlers = (() => {
  const missing: Handler = async () => {
    throw new ServerError(
      'NOT_FOUND',
      'This server has no provider of accounts: people sign in with tokens. Its operator can name one: openid.',
    );
  };
  return { offer: async () => json({ openid: null }), start: missing, callback: missing };
})();
