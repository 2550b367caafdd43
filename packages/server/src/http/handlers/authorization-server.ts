import { AuthError, type Principal } from '@latchkey/auth-core';
import { toErrorDescription } from '@latchkey/auth-core/http';
import type { AccessTokens } from '@latchkey/auth-core/jwt';
import { type Auth, type Grant, type LlmWords, llm, type Meter } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { toActor } from '../../audit/audited-request.ts';
import type { ChatCaller } from '../../chat/prepare-chat.ts';
import { belowPublicUrl } from '../../config/public-url.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { dictionary, list } from '../../input/bounded.ts';
import {
  AUTHORIZATION_PARAMETERS,
  type AuthorizationRequest,
  isResource,
  readAuthorizationRequest,
} from '../../oauth-clients/authorization-request.ts';
import type { ClientDocuments } from '../../oauth-clients/client-documents.ts';
import { isDocumentUrl } from '../../oauth-clients/client-documents.ts';
import type { OAuthClient } from '../../oauth-clients/client-metadata.ts';
import type { Connections } from '../../oauth-clients/connections.ts';
import { OAuthError } from '../../oauth-clients/oauth-error.ts';
import { kindOfRedirect, placeOfRedirect } from '../../oauth-clients/redirect-uri.ts';
import type { RegisteredClients } from '../../oauth-clients/registered-clients.ts';
import type { OfferedServer } from '../../tools/offer-tools.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { toChatCaller } from '../chat-caller.ts';
import { countRequest } from '../count-request.ts';
import { MCP_ONLY, MCP_SCOPE } from '../mcp-only.ts';
import { json, type Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { verifyInBody } from '../verify-in-body.ts';

/** Where OAuth clients read how to get a token here (RFC 8414). */
export const SERVER_METADATA_PATH = '/.well-known/oauth-authorization-server';

/** A day is what a person can choose at the least, a year what a client gets at the most. */
const MOST_DAYS = 365;
const DAY_MILLISECONDS = 86_400_000;
/** What fits into an access token, with room for the grants of the person. */
const MOST_GRANT_CHARACTERS = 4000;

const name = z.string().min(1).max(256);
const parameters = dictionary(z.string().max(8192), AUTHORIZATION_PARAMETERS.length, z.enum(AUTHORIZATION_PARAMETERS));
const decisionSchema = z.strictObject({
  request: parameters,
  allow: z.boolean(),
  /** By the id of a server: names of tools, or `*` for all that it has and will have. */
  servers: list(z.strictObject({ id: name, tools: list(name, 1000, 1) }), 200).default([]),
  days: z.int().min(1).max(MOST_DAYS).default(30),
});

export interface AuthorizationServerOptions {
  readonly auth: Auth;
  readonly access: Pick<AccessTokens<LlmWords>, 'issue'>;
  readonly meter: Pick<Meter, 'admit'>;
  /** The URL of this server; the issuer. */
  readonly issuer: string;
  readonly connections: Connections;
  readonly registered: RegisteredClients;
  readonly documents: ClientDocuments;
  /** What a caller may use at `/mcp`. */
  readonly offer: (caller: ChatCaller & { readonly signal: AbortSignal }) => Promise<readonly OfferedServer[]>;
  readonly clock: () => Date;
}

export interface AuthorizationServerHandlers {
  /** `GET /.well-known/oauth-authorization-server`. */
  readonly metadata: Handler;
  /** `POST /oauth/register` (RFC 7591). */
  readonly register: Handler;
  /** `GET /oauth/authorize`: sends the person to the page of the console that asks. */
  readonly authorize: Handler;
  /** `GET /api/v1/oauth/authorization`: what a client asks for, for that page. */
  readonly show: Handler;
  /** `POST /api/v1/oauth/authorization`: what the person has decided. */
  readonly decide: Handler;
  /** Answers `POST /oauth/token` for codes and refresh tokens; undefined for another `grant_type`. */
  readonly token: (context: RequestContext) => Promise<Reply | undefined>;
  /** Ends the connection of a refresh token; false for another text. */
  readonly revoke: (token: string) => Promise<boolean>;
}

/** This server as the authorization server of its own `/mcp`. Without options there is none: nothing of it exists. */
export function createAuthorizationServerHandlers(
  options: AuthorizationServerOptions | undefined,
): AuthorizationServerHandlers {
  return options === undefined ? NONE : createHandlers(options);
}

function createHandlers(options: AuthorizationServerOptions): AuthorizationServerHandlers {
  const { auth, access, meter, issuer, connections, registered, documents, offer, clock } = options;
  const at = (path: string): string => belowPublicUrl(issuer, path);
  const resource = at('/mcp');

  async function findClient(clientId: string, signal: AbortSignal): Promise<OAuthClient> {
    if (isDocumentUrl(clientId)) return documents.find(clientId, signal);
    const client = registered.find(clientId);
    if (client === undefined) throw new OAuthError('invalid_client', 'This client_id is not known here.');
    return client;
  }

  /** Reads what a client asks for, for a person: what is wrong is shown here, and sent nowhere. */
  async function readRequest(
    sent: Parameters<typeof readAuthorizationRequest>[0],
    { signal }: Pick<RequestContext, 'signal'>,
  ): Promise<AuthorizationRequest> {
    try {
      return await readAuthorizationRequest(sent, { resource, findClient: (id) => findClient(id, signal) });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      throw new ServerError('INVALID_REQUEST', error.message, { cause: error, details: { error: error.code } });
    }
  }

  /** The URL that the browser is sent to: the client's own, with the answer. */
  function answerTo({ redirectUri, state }: AuthorizationRequest, answer: Readonly<Record<string, string>>): string {
    const url = new URL(redirectUri);
    for (const [field, value] of Object.entries(answer)) url.searchParams.append(field, value);
    if (state !== undefined) url.searchParams.append('state', state);
    // So that a client of several authorization servers knows whose answer this is (RFC 9207).
    url.searchParams.append('iss', issuer);
    return url.href;
  }

  async function makeTokens(context: RequestContext, key: string): Promise<{ token: string; expiresIn: number }> {
    const by = await verifyInBody(auth, context, key);
    return countRequest(meter, by, () =>
      access.issue(by, { grant: ownGrantOf(by), audience: resource, claims: { ...MCP_ONLY } }),
    );
  }

  return {
    metadata: async () =>
      json({
        issuer,
        authorization_endpoint: at('/oauth/authorize'),
        token_endpoint: at('/oauth/token'),
        registration_endpoint: at('/oauth/register'),
        revocation_endpoint: at('/oauth/revoke'),
        jwks_uri: at('/.well-known/jwks.json'),
        scopes_supported: [MCP_SCOPE],
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_methods_supported: ['none'],
        revocation_endpoint_auth_methods_supported: ['none'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
      }),

    register: async (context) => {
      try {
        const { clientId, client } = registered.register(context.body as Readonly<Record<string, unknown>>);
        const answer = {
          client_id: clientId,
          client_id_issued_at: Math.floor(clock().getTime() / 1000),
          client_name: client.name,
          redirect_uris: client.redirectUris,
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          token_endpoint_auth_method: 'none',
          scope: MCP_SCOPE,
        };
        return json(answer, 201);
      } catch (error) {
        return refuse(error);
      }
    },

    authorize: async (context) => {
      const sent = new URLSearchParams(context.querystring);
      const kept = [...sent].filter(([field]) => (AUTHORIZATION_PARAMETERS as readonly string[]).includes(field));
      // Relative: a proxy may serve this below a prefix. The browser goes nowhere else without a decision.
      return { status: 303, headers: { Location: `../console/authorize?${new URLSearchParams(kept)}` } };
    },

    show: async (context) => {
      const request = await readRequest(context.query, context);
      const { client, redirectUri } = request;
      const { principal } = context.auth;
      const servers = await offer({ ...toChatCaller(context), signal: context.signal });
      return json({
        client: { id: client.id, name: client.name, host: client.host ?? null },
        redirect: { kind: kindOfRedirect(redirectUri), place: placeOfRedirect(redirectUri) },
        token: { name: principal.name, owner: principal.owner, expiresAt: principal.expiresAt ?? null },
        servers,
      });
    },

    decide: async (context) => {
      // A browser that adds a password by itself has not asked its person.
      if (context.session === undefined) throw onlyInConsole();
      const { request: sent, allow, servers, days } = validateBody(decisionSchema, context.body);
      const request = await readRequest(sent, context);
      if (!allow) return json({ redirect: answerTo(request, { error: 'access_denied' }) });
      const { principal } = context.auth;
      const grant = grantOf(servers);
      const asked = new Date(clock().getTime() + days * DAY_MILLISECONDS).toISOString();
      const ends = principal.expiresAt;
      const expiresAt = ends !== undefined && ends < asked ? ends : asked;
      const code = await connections.allow({ request, grant, expiresAt }, principal, toActor(principal));
      return json({ redirect: answerTo(request, { code }) });
    },

    token: async (context) => {
      const form = context.body as URLSearchParams;
      const type = form.get('grant_type');
      if (type !== 'authorization_code' && type !== 'refresh_token') return undefined;
      try {
        const read = formReader(form);
        const clientId = read('client_id');
        const target = form.get('resource');
        if (form.getAll('resource').length > 1 || (target !== null && target !== '' && !isResource(target, resource))) {
          throw new OAuthError('invalid_target', `resource must be ${resource} (RFC 8707).`);
        }
        const make = (key: string) => makeTokens(context, key);
        const { made, refreshToken } =
          type === 'refresh_token'
            ? await connections.refresh(read('refresh_token'), clientId, make)
            : await connections.redeem(
                {
                  code: read('code'),
                  clientId,
                  redirectUri: form.has('redirect_uri') ? read('redirect_uri') : undefined,
                  verifier: read('code_verifier'),
                },
                make,
              );
        return json({
          access_token: made.token,
          token_type: 'Bearer',
          expires_in: made.expiresIn,
          refresh_token: refreshToken,
          scope: MCP_SCOPE,
        });
      } catch (error) {
        return refuse(error);
      }
    },

    revoke: connections.revoke,
  };
}

const NONE: AuthorizationServerHandlers = (() => {
  const missing: Handler = async () => {
    throw new ServerError(
      'NOT_FOUND',
      'This server gives no tokens to OAuth clients. Its operator can allow that: oauth.authorizationServer.',
    );
  };
  return {
    metadata: missing,
    register: missing,
    authorize: missing,
    show: missing,
    decide: missing,
    token: async () => undefined,
    revoke: async () => false,
  };
})();

/** The refusals of OAuth have a status and a body of their own; any other error is rendered as everywhere. */
function refuse(error: unknown): Reply {
  if (!(error instanceof OAuthError)) throw error;
  return json(
    { error: error.code, error_description: toErrorDescription(error.message) },
    error.code === 'invalid_client' ? 401 : 400,
  );
}

const formReader =
  (form: URLSearchParams) =>
  (field: string): string => {
    const [value = '', ...others] = form.getAll(field);
    if (value !== '' && others.length === 0) return value;
    throw new OAuthError('invalid_request', `${field} must be there once.`);
  };

/** What the person has ticked, as a grant. It narrows the person's own: what that denies stays denied. */
function grantOf(servers: z.infer<typeof decisionSchema>['servers']): Grant {
  if (servers.length === 0) throw chosen('Choose at least one tool.');
  const entries = servers.map(({ id, tools }) => {
    if (id.includes('*') || tools.some(isPattern)) throw chosen('Tools and servers are chosen by their names.');
    return [id, { tools: Object.fromEntries(tools.map((tool) => [tool, {}])) }] as const;
  });
  const grant = llm.parseGrant({ actions: [MCP_SCOPE], mcp: Object.fromEntries(entries) });
  if (JSON.stringify(grant).length > MOST_GRANT_CHARACTERS)
    throw chosen('These are more tools than fit into a token. Choose fewer, or all of a server.');
  return grant;
}

/** Whether a name in a grant would mean other tools than the one that the person has seen. */
const isPattern = (tool: string): boolean => (tool.includes('*') && tool !== '*') || tool.startsWith('@');

/** The grant that the person gave the client: that of the key itself. */
function ownGrantOf({ authority, tokenId }: Principal): Grant {
  const own = authority.find(({ id }) => id === tokenId);
  if (own === undefined) throw new AuthError('AUTH_GRANT_INVALID', 'the key has no grant of its own');
  return own.grant as Grant;
}

const chosen = (why: string): ServerError => new ServerError('INVALID_REQUEST', why, { param: 'servers' });

const onlyInConsole = (): ServerError =>
  new ServerError(
    'PERMISSION_DENIED',
    'Clients are let in on the page of the console, by a person who is signed in there.',
  );
