import { InvalidTokenError } from '@latchkey/auth-core';
import {
  createRequestAuthenticator,
  type RequestAuth,
  type RequestAuthenticatorOptions,
} from '@latchkey/auth-core/http';
import { type Auth, type LlmWords, llm } from '@latchkey/auth-core/llm';
import { toActor } from '../audit/audited-request.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ConsoleSessions, OpenedSession } from '../sessions/console-sessions.ts';
import type { RequestContext } from './request-context.ts';
import { readSessionKeys } from './session-keys.ts';

const BASIC = /^basic /i;

export interface SessionAuthenticationOptions {
  readonly auth: Auth;
  readonly sessions: Pick<ConsoleSessions, 'open' | 'isOpen' | 'end' | 'onEnded'>;
}

/** The places and times at which a caller is accepted; see `createRequestAuthenticator`. */
type Leniency = Pick<RequestAuthenticatorOptions, 'trustedProxies' | 'anywhere'>;

/**
 * Authenticates a request of the console as the token of its session, by the ordinary verification: the same grants,
 * limits and audit log apply. Each later verification of the same request looks the session up, too.
 *
 * @throws {ServerError} `UNAUTHENTICATED` when there is no such session, or one of its two secrets is missing
 */
export async function authenticateSession(
  context: RequestContext,
  { auth, sessions }: SessionAuthenticationOptions,
  leniency: Leniency,
): Promise<RequestAuth<LlmWords>> {
  const keys = readSessionKeys(context);
  const opened = keys === undefined ? undefined : await sessions.open(keys);
  if (opened === undefined) throw noSession();
  const { id } = opened.session;
  context.session = { id, onEnded: (listener) => sessions.onEnded(id, listener) };

  const verify: Auth['verify'] = async () => {
    if (!(await sessions.isOpen(id))) throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
    try {
      return await auth.verify(opened.token);
    } catch (error) {
      if (error instanceof InvalidTokenError) await endSession(opened, sessions);
      throw error;
    }
  };
  const authenticate = createRequestAuthenticator({ auth: { ...auth, verify }, ...leniency });
  return authenticate({ header: withoutBasic(context), peer: context.connection.remoteAddress });
}

/** A session whose token is refused has ended. That it could not be removed yet changes nothing: it opens nothing. */
async function endSession({ session }: OpenedSession, sessions: Pick<ConsoleSessions, 'end'>): Promise<void> {
  const { token, rootId } = session;
  await sessions.end(session.id, 'token ended', toActor({ kind: 'api-key', ...token, rootId })).catch(() => undefined);
}

/**
 * The headers of a request of the console. Its session is its only credential: a browser may add the password of a
 * reverse proxy by itself, and any other token is refused as one too many.
 */
function withoutBasic(context: RequestContext): RequestContext['header'] {
  return (name) => {
    const lines = context.header(name);
    if (name === llm.names.keyHeader.toLowerCase() && lines.some((line) => line !== '')) throw twoCredentials();
    if (name !== 'authorization') return lines;
    if (lines.every((line) => line === '' || BASIC.test(line))) return [];
    throw twoCredentials();
  };
}

const twoCredentials = (): InvalidTokenError => new InvalidTokenError('AUTH_TOKEN_MALFORMED');

/** The caused error makes it a challenge, like that of a token that is not known. */
const noSession = (): ServerError =>
  new ServerError('UNAUTHENTICATED', 'There is no such session of the console, or it has ended. Sign in again.', {
    cause: new InvalidTokenError('AUTH_TOKEN_UNKNOWN'),
  });
