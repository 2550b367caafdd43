import { InvalidTokenError, PermissionDeniedError, type Principal } from '@latchkey/auth-core';
import { createRequestAuthenticator, readCredential } from '@latchkey/auth-core/http';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { toActor } from '../../audit/audited-request.ts';
import { isLoopback } from '../../config/loopback.ts';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { ConsoleSessions } from '../../sessions/console-sessions.ts';
import type { Session } from '../../sessions/session.ts';
import type { SessionLinks } from '../../sessions/session-links.ts';
import { excerpt } from '../../telemetry/hide-secrets.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { requireEverywhere } from '../mcp-only.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import { noSessionCookie, ownScheme, readSessionKeys, sessionCookie } from '../session-keys.ts';
import type { Handler } from '../step.ts';

const startSchema = z.strictObject({
  token: z.string().min(1).max(8192).optional(),
  link: z.string().min(1).max(256).optional(),
});
const name = z.string().min(1).max(256);
const scopeSchema = z.strictObject({ token: name.optional() });
const BROWSER_CHARACTERS = 200;

export interface SessionHandlers {
  readonly start: Handler;
  readonly signOut: Handler;
  readonly link: Handler;
  readonly list: Handler;
  readonly end: Handler;
}

export interface SessionHandlersOptions {
  readonly auth: Auth;
  readonly sessions: ConsoleSessions;
  readonly links: SessionLinks;
  readonly trustedProxies: readonly string[];
  /** Accept HTTP Basic as well, with the token as the password. */
  readonly basicAuthentication: boolean;
}

/**
 * `/api/v1/sessions`: the sessions of the console. A token sees and ends its own and those of tokens derived from it;
 * with `token`, an administrator of that token sees and ends that token's.
 */
export function createSessionHandlers(options: SessionHandlersOptions): SessionHandlers {
  const { auth, sessions, links, trustedProxies } = options;
  const authenticate = createRequestAuthenticator({ auth, trustedProxies });

  /** Verifies a presented token as if the request had it in its header. */
  const callerWith = ({ header, connection }: RequestContext, token: string) =>
    authenticate({
      header: (field) => {
        if (field === 'authorization') return [`Bearer ${token}`];
        return field === llm.names.keyHeader.toLowerCase() ? [] : header(field);
      },
      peer: connection.remoteAddress,
    });

  return {
    start: async (context) => {
      requireOwnPage(context);
      const { token: typed, link } = validateBody(startSchema, context.body);
      if ((typed === undefined) === (link === undefined)) throw oneOfBoth();
      if (link !== undefined) requireThisMachine(context);
      const token = typed ?? links.use(link ?? '');
      if (token === undefined) throw usedLink();
      const { principal, address } = await callerWith(context, token);
      requireEverywhere(principal);
      const browser = context.get('user-agent');
      const started = await sessions.start({
        token,
        principal,
        actor: toActor(principal),
        ...withoutAbsent({ address, browser: browser && excerpt(browser, BROWSER_CHARACTERS) }),
      });
      const { session, cookie, pageKey } = started;
      return {
        ...json({ ...render(session), pageKey }, 201),
        headers: { 'Set-Cookie': sessionCookie(context, cookie) },
      };
    },
    signOut: async (context) => {
      const keys = readSessionKeys(context);
      const opened = keys && (await sessions.open(keys));
      if (opened === undefined) throw noSession();
      const { id, token, rootId } = opened.session;
      await sessions.end(id, 'signed out', toActor({ kind: 'api-key', ...token, rootId }));
      return { ...json({ id, ended: true }), headers: { 'Set-Cookie': noSessionCookie(context) } };
    },
    link: async (context) => {
      requireThisMachine(context);
      // A session has no token to give, and a password that the browser adds by itself is not its own.
      if (context.session !== undefined) throw noToken();
      const token = readCredential(context.header, {
        basic: options.basicAuthentication,
        keyHeader: llm.names.keyHeader,
      });
      if (token === undefined) throw noToken();
      return json(links.make(token), 201);
    },
    list: async (context) => {
      const found = await sessions.list(await scopeOf(context, 'tokens:read'));
      return json({
        sessions: found.map((session) => ({ ...render(session), current: session.id === context.session?.id })),
      });
    },
    end: async (context) => {
      const { id = '' } = context.params;
      const found = await sessions.list(await scopeOf(context, 'tokens:write'));
      if (!found.some((session) => session.id === id)) throw notFound(id);
      const ended = await sessions.end(id, 'ended', toActor(context.auth.principal));
      if (!ended) throw notFound(id);
      return json({ id, ended });
    },
  };

  /** The token whose sessions are meant. */
  async function scopeOf(context: RequestContext, action: 'tokens:read' | 'tokens:write'): Promise<string> {
    const { token } = validateBody(scopeSchema, context.query);
    const { principal } = context.auth;
    if (token === undefined) return memberOf(principal);
    const decision = context.auth.decide({ action });
    if (!decision.allowed) throw new PermissionDeniedError(decision);
    const { id } = await auth.show(token, principal);
    return id;
  }
}

/** An access token is replaced every few minutes, so it counts as the token that it was derived from. */
const memberOf = ({ kind, id, tokenId }: Principal): string => (kind === 'access' ? tokenId : id);

const render = ({ id, token, address, browser, createdAt, usedAt, expiresAt }: Session) => ({
  id,
  token,
  address: address ?? null,
  browser: browser ?? null,
  createdAt,
  usedAt,
  expiresAt,
});

/** A page of another origin, also an allowed one, must not sign its reader in here with a token of its choice. */
function requireOwnPage(context: RequestContext): void {
  if (ownScheme(context) !== undefined) return;
  throw new ServerError(
    'ORIGIN_DENIED',
    'Sessions are started by the console of this server only: the Origin header must name this server.',
    { param: 'Origin' },
  );
}

/** The address that a trusted proxy reports counts as well. */
function requireThisMachine({ address }: RequestContext): void {
  if (address !== undefined && isLoopback(address)) return;
  throw new ServerError(
    'PERMISSION_DENIED',
    "Links are made and opened on the server's own machine only. Elsewhere, sign in with a token.",
  );
}

const oneOfBoth = (): ServerError =>
  new ServerError('INVALID_REQUEST', "Send either 'token' or 'link'.", { param: 'token' });

const usedLink = (): ServerError =>
  new ServerError(
    'UNAUTHENTICATED',
    "The link was used already, or its two minutes are over. 'latchkey console' prints another.",
    { cause: new InvalidTokenError('AUTH_TOKEN_UNKNOWN') },
  );

const noSession = (): ServerError =>
  new ServerError('UNAUTHENTICATED', 'There is no such session of the console, or it has ended.', {
    cause: new InvalidTokenError('AUTH_TOKEN_UNKNOWN'),
  });

const noToken = (): ServerError =>
  new ServerError(
    'UNAUTHENTICATED',
    'A link signs in with the token of this request. Send one as "Authorization: Bearer TOKEN".',
    {
      cause: new InvalidTokenError('AUTH_TOKEN_MISSING'),
    },
  );

const notFound = (id: string): ServerError =>
  new ServerError('NOT_FOUND', `There is no session '${id.slice(0, 64)}' of yours.`);
