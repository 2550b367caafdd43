import {
  AuthError,
  InvalidGrantError,
  InvalidInputError,
  InvalidTokenError,
  type Principal,
} from '@latchkey/auth-core';
import { toErrorDescription } from '@latchkey/auth-core/http';
import {
  type AccessTokens,
  type ExchangedToken,
  readTokenExchange,
  renderTokenExchange,
  scopeOf,
  type TokenExchange,
} from '@latchkey/auth-core/jwt';
import { type Auth, type LlmWords, llm, type Meter } from '@latchkey/auth-core/llm';
import { withoutAbsent } from '../../config/without-absent.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { countRequest } from '../count-request.ts';
import { answerNotStored, recallOr } from '../end-tokens.ts';
import { json, type Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { verifyInBody } from '../verify-in-body.ts';
import { renderIntrospection } from './render-introspection.ts';

/** What the authorization server of `/mcp`, where there is one, does at the same endpoints. */
export interface OAuthClients {
  /** Undefined for a request that is not its own. */
  readonly token: (context: RequestContext) => Promise<Reply | undefined>;
  /** False for a token that is not its own. */
  readonly revoke: (token: string) => Promise<boolean>;
}

export interface OAuthOptions {
  readonly auth: Auth;
  readonly access: Pick<AccessTokens<LlmWords>, 'issue'>;
  /** An exchange counts against the limits of the token that is exchanged. */
  readonly meter: Pick<Meter, 'admit'>;
  readonly clock: () => Date;
  readonly clients: OAuthClients;
}

export interface OAuthHandlers {
  /**
   * `POST /oauth/token`: turns a token into a narrower one (RFC 8693); the token is the credential. Where this server
   * is the authorization server of `/mcp`, also a code or a refresh token into an access token.
   */
  readonly token: Handler;
  /** `POST /oauth/introspect`: whether a token is still valid (RFC 7662). */
  readonly introspect: Handler;
  /** `POST /oauth/revoke`: revokes the presented token (RFC 7009). */
  readonly revoke: Handler;
}

/** The endpoints of OAuth that work on existing tokens. */
export function createOAuthHandlers(options: OAuthOptions): OAuthHandlers {
  const { auth, access, meter, clock, clients } = options;

  async function make(exchange: TokenExchange<LlmWords>, by: Principal): Promise<ExchangedToken> {
    const { makes, seconds, grant, audience } = exchange;
    if (makes === 'access') {
      return await access.issue(by, withoutAbsent({ grant, seconds, audience }));
    }
    const now = clock().getTime();
    const asked = seconds === undefined ? undefined : new Date(now + seconds * 1000).toISOString();
    // As long as requested, but never longer than the token that is exchanged.
    const expiresAt =
      by.expiresAt !== undefined && (asked === undefined || by.expiresAt < asked) ? by.expiresAt : asked;
    const { token } = await auth.exchange(withoutAbsent({ grant, expiresAt }), by);
    return {
      token,
      ...(expiresAt !== undefined && { expiresIn: Math.floor((Date.parse(expiresAt) - now) / 1000) }),
    };
  }

  function readToken(context: RequestContext): string {
    const token = formOf(context).get('token');
    if (token === null || token === '') {
      throw new ServerError('MISSING_PARAMETER', "'token' is required.", { param: 'token' });
    }
    return token;
  }

  return {
    token: async (context) => {
      const answered = await clients.token(context);
      if (answered !== undefined) return answered;
      const reading = readTokenExchange(llm, formOf(context));
      if (!reading.ok) return json(reading.error, 400);
      try {
        const by = await verifyInBody(auth, context, reading.exchange.subjectToken);
        const exchange = withGrantedScope(reading.exchange, by);
        if (exchange.scope?.length === 0) {
          return json(NOTHING_IN_SCOPE, 400);
        }
        const made = await countRequest(meter, by, () => make(exchange, by));
        return json(renderTokenExchange(exchange, made));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return json(refusal, 400);
      }
    },
    introspect: async (context) => {
      const token = readToken(context);
      try {
        return json(renderIntrospection(await auth.introspect(token), token));
      } catch (error) {
        if (!(error instanceof InvalidTokenError)) throw error;
        return json({ active: false });
      }
    },
    revoke: async (context) => {
      const token = readToken(context);
      if (await clients.revoke(token)) return json({});
      try {
        const holder = await recallOr(auth, token, () => auth.introspect(token));
        const { stored } = await auth.revokeSelf(holder);
        if (!stored) return answerNotStored({});
      } catch (error) {
        // RFC 7009 2.2: revoking an invalid token succeeds, whatever made it invalid.
        if (!(error instanceof InvalidTokenError)) throw error;
      }
      return json({});
    },
  };
}

/** The routes of these endpoints declare their bodies as forms. */
const formOf = ({ body }: RequestContext): URLSearchParams => body as URLSearchParams;

const NOTHING_IN_SCOPE = {
  error: 'invalid_scope',
  error_description: 'The token allows none of the actions in scope.',
};

/**
 * Narrows the requested scope to what the token allows: the answer states the scope that was granted, not the one that
 * was requested (RFC 6749 section 5.1).
 */
function withGrantedScope(exchange: TokenExchange<LlmWords>, by: Principal): TokenExchange<LlmWords> {
  if (exchange.scope === undefined) return exchange;
  const allowed = scopeOf(by.authority);
  return { ...exchange, scope: exchange.scope.filter((action) => allowed.includes('*') || allowed.includes(action)) };
}

/** The core's refusals that have an error code in RFC 6749 section 5.2; the others keep their own status. */
function refusalOf(error: unknown): { readonly error: string; readonly error_description: string } | undefined {
  if (!(error instanceof AuthError)) return undefined;
  if (error instanceof InvalidTokenError)
    return { error: 'invalid_grant', error_description: toErrorDescription(error.message) };
  if (!(error instanceof InvalidGrantError || error instanceof InvalidInputError)) return undefined;
  const word = error.path === 'audience' ? 'invalid_target' : 'invalid_request';
  return { error: word, error_description: toErrorDescription(error.message) };
}
