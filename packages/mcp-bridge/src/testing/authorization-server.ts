import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A request to the authorization server, read. */
export interface OAuthRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly json: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
}

/** What a request is answered with; undefined: as usual. */
export type Misbehaviour = (request: OAuthRequest, response: ServerResponse) => boolean | undefined | Promise<boolean>;

export interface AuthorizationServerOptions {
  /** Overrides of the metadata; a key with `undefined` is left out. */
  readonly metadata?: (issuer: string) => Record<string, unknown>;
  /** Handles a request in another way, and returns true. */
  readonly misbehave?: Misbehaviour;
  /** How long access tokens last, in seconds. */
  readonly tokenSeconds?: number;
  /** Clients that are known without a registration: id to secret. */
  readonly clients?: Readonly<Record<string, string>>;
  /** Asks the person with a page; otherwise consents at once. */
  readonly asks?: boolean;
}

/** An issued token, as the resource checks it. */
export interface IssuedToken {
  readonly client: string;
  readonly subject: string;
  readonly resource: string | null;
  readonly scope: string;
}

/**
 * An authorization server of RFC 6749 with PKCE, for tests: metadata, registration, codes, devices, client credentials,
 * token exchange, rotated refresh tokens whose second use ends the login, and revocation.
 */
export interface AuthorizationServer extends AsyncDisposable {
  readonly issuer: string;
  readonly requests: readonly OAuthRequest[];
  /** The valid access tokens. */
  readonly tokens: ReadonlyMap<string, IssuedToken>;
  /** Ends all access tokens, as if their time were over. */
  expire(): void;
  /** Ends all refresh tokens as well. */
  forget(): void;
  /** A person enters the code of a device. */
  approveDevice(userCode: string): void;
  /** How often one refresh token was used twice. */
  readonly reused: number;
}

interface Code extends IssuedToken {
  readonly challenge: string;
  readonly redirectUri: string;
}

export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const { tokenSeconds = 3600, clients = {} } = options;
  const requests: OAuthRequest[] = [];
  const registered = new Map<string, readonly string[]>();
  const codes = new Map<string, Code>();
  const tokens = new Map<string, IssuedToken>();
  const refreshes = new Map<string, IssuedToken>();
  const used = new Set<string>();
  const devices = new Map<string, { readonly userCode: string; approved: boolean; readonly token: IssuedToken }>();
  let reused = 0;

  const issue = (token: IssuedToken, hasRefresh = true): Record<string, unknown> => {
    const access = random();
    tokens.set(access, token);
    const refresh = random();
    if (hasRefresh) refreshes.set(refresh, token);
    return {
      access_token: access,
      token_type: 'Bearer',
      expires_in: tokenSeconds,
      scope: token.scope,
      ...(hasRefresh ? { refresh_token: refresh } : {}),
    };
  };

  function authorize(query: URLSearchParams, response: ServerResponse): unknown {
    const redirectUri = query.get('redirect_uri') ?? '';
    const client = query.get('client_id') ?? '';
    const isKnown = Object.hasOwn(clients, client) || client.startsWith('https://');
    if (!isKnown && registered.get(client)?.includes(redirectUri) !== true) return sendJson(response, 400, {});
    if (query.get('code_challenge_method') !== 'S256') return sendJson(response, 400, { error: 'invalid_request' });
    if (options.asks === true && query.get('consent') === null) {
      const fields = [...query].map(([name, value]) => `<input type=hidden name="${name}" value="${quote(value)}">`);
      const page = `<title>Sign in</title><form>${fields.join('')}<button name=consent value=yes>Allow</button></form>`;
      return response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    }
    const code = random();
    codes.set(code, {
      client,
      subject: 'mara',
      resource: query.get('resource'),
      scope: query.get('scope') ?? '',
      challenge: query.get('code_challenge') ?? '',
      redirectUri,
    });
    const target = new URL(redirectUri);
    const answer = { code, state: query.get('state') ?? '', iss: server.issuer };
    for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value);
    return response.writeHead(302, { location: target.href }).end();
  }

  function grant(form: URLSearchParams, client: string): Record<string, unknown> | string {
    const scope = form.get('scope') ?? '';
    const resource = form.get('resource');
    switch (form.get('grant_type')) {
      case 'authorization_code': {
        const code = codes.get(form.get('code') ?? '');
        codes.delete(form.get('code') ?? '');
        if (code === undefined || code.client !== client) return 'invalid_grant';
        const digest = createHash('sha256')
          .update(form.get('code_verifier') ?? '')
          .digest('base64url');
        if (digest !== code.challenge || form.get('redirect_uri') !== code.redirectUri) return 'invalid_grant';
        return code.resource === resource ? issue(code) : 'invalid_target';
      }
      case 'refresh_token': {
        const text = form.get('refresh_token') ?? '';
        if (used.has(text)) {
          reused += 1;
          refreshes.clear();
          tokens.clear();
        }
        const token = refreshes.get(text);
        if (token === undefined || token.client !== client) return 'invalid_grant';
        refreshes.delete(text);
        used.add(text);
        return issue(token);
      }
      case 'client_credentials':
        return issue({ client, subject: client, resource, scope }, false);
      case 'urn:ietf:params:oauth:grant-type:token-exchange':
        return issue({ client, subject: form.get('subject_token') ?? '', resource, scope }, false);
      case 'urn:ietf:params:oauth:grant-type:device_code': {
        const device = devices.get(form.get('device_code') ?? '');
        if (device === undefined) return 'expired_token';
        if (!device.approved) return 'authorization_pending';
        devices.delete(form.get('device_code') ?? '');
        return issue(device.token);
      }
      default:
        return 'unsupported_grant_type';
    }
  }

  function clientOf(request: OAuthRequest): string | undefined {
    const [, encoded = ''] = (request.headers.authorization ?? '').split(' ');
    const [id, secret] =
      encoded === ''
        ? [request.form.get('client_id') ?? '', request.form.get('client_secret') ?? undefined]
        : Buffer.from(encoded, 'base64').toString().split(':').map(decodeURIComponent);
    if (id === undefined) return undefined;
    if (Object.hasOwn(clients, id)) return clients[id] === secret ? id : undefined;
    return registered.has(id) || id.startsWith('https://') ? id : undefined;
  }

  async function answer(request: OAuthRequest, response: ServerResponse): Promise<unknown> {
    if ((await options.misbehave?.(request, response)) === true) return undefined;
    const { issuer } = server;
    switch (request.path) {
      case '/.well-known/oauth-authorization-server':
        return sendJson(response, 200, {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          registration_endpoint: `${issuer}/register`,
          revocation_endpoint: `${issuer}/revoke`,
          device_authorization_endpoint: `${issuer}/device`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
          authorization_response_iss_parameter_supported: true,
          client_id_metadata_document_supported: true,
          ...options.metadata?.(issuer),
        });
      case '/register': {
        const id = random();
        registered.set(id, (request.json.redirect_uris as string[] | undefined) ?? []);
        return sendJson(response, 201, { ...request.json, client_id: id });
      }
      case '/authorize':
        return authorize(request.query, response);
      case '/token': {
        const client = clientOf(request);
        const given = client === undefined ? 'invalid_client' : grant(request.form, client);
        return typeof given === 'string'
          ? sendJson(response, given === 'invalid_client' ? 401 : 400, { error: given })
          : sendJson(response, 200, given);
      }
      case '/device': {
        const code = random();
        const userCode = randomBytes(4).toString('hex').toUpperCase();
        const token = {
          client: clientOf(request) ?? '',
          subject: 'mara',
          resource: request.form.get('resource'),
          scope: request.form.get('scope') ?? '',
        };
        devices.set(code, { userCode, approved: false, token });
        const page = { user_code: userCode, verification_uri: `${issuer}/enter`, expires_in: 600, interval: 1 };
        return sendJson(response, 200, { device_code: code, ...page });
      }
      case '/revoke':
        tokens.delete(request.form.get('token') ?? '');
        refreshes.delete(request.form.get('token') ?? '');
        return sendJson(response, 200, {});
      default:
        return sendJson(response, 404, {});
    }
  }

  const http = createServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://here');
    let body = '';
    for await (const chunk of incoming) body += chunk;
    const isJson = incoming.headers['content-type']?.startsWith('application/json') === true;
    const request: OAuthRequest = {
      path: url.pathname,
      query: url.searchParams,
      form: new URLSearchParams(isJson ? '' : body),
      json: isJson ? JSON.parse(body) : {},
      headers: incoming.headers,
    };
    requests.push(request);
    await answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as { port: number };
  const server: AuthorizationServer = {
    issuer: `http://127.0.0.1:${port}`,
    requests,
    tokens,
    get reused() {
      return reused;
    },
    expire: () => tokens.clear(),
    forget() {
      tokens.clear();
      refreshes.clear();
    },
    approveDevice(userCode) {
      for (const device of devices.values()) if (device.userCode === userCode) device.approved = true;
    },
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
  return server;
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export interface ProtectedServerOptions {
  readonly authorization: Pick<AuthorizationServer, 'issuer' | 'tokens'>;
  /** Handles a request with a valid token. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, token: IssuedToken) => void;
  /** Overrides of the metadata. */
  readonly metadata?: (url: string) => Record<string, unknown>;
  /** A scope that every request needs. */
  readonly scope?: () => string;
  /** The `WWW-Authenticate` of a 401. */
  readonly challenge?: (url: string) => string;
}

/** An MCP server that takes only tokens that were issued for it, and says where they are to be had (RFC 9728). */
export interface ProtectedServer extends AsyncDisposable {
  readonly url: string;
  /** What was sent as `Authorization`, once each. */
  readonly seen: ReadonlySet<string>;
}

export async function startProtectedServer(options: ProtectedServerOptions): Promise<ProtectedServer> {
  const { authorization, handle, metadata, scope = () => '' } = options;
  const seen = new Set<string>();
  const http = createServer((request, response) => {
    const header = request.headers.authorization;
    if (request.url === '/.well-known/oauth-protected-resource/mcp') {
      return sendJson(response, 200, {
        resource: server.url,
        authorization_servers: [authorization.issuer],
        ...metadata?.(server.url),
      });
    }
    if (request.url !== '/mcp') return sendJson(response, 404, {});
    if (header !== undefined) seen.add(header);
    const token = authorization.tokens.get((header ?? '').replace(/^Bearer /, ''));
    const origin = new URL(server.url).origin;
    const place = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
    if (token === undefined || token.resource !== server.url) {
      const challenge = options.challenge?.(server.url) ?? `Bearer ${place}`;
      return void response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (scope() !== '' && !token.scope.split(' ').includes(scope())) {
      const challenge = `Bearer error="insufficient_scope", scope="${scope()}", ${place}`;
      return void response.writeHead(403, { 'www-authenticate': challenge }).end();
    }
    handle(request, response, token);
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as { port: number };
  const server: ProtectedServer = {
    url: `http://127.0.0.1:${port}/mcp`,
    seen,
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
  return server;
}

const random = (): string => randomBytes(16).toString('base64url');
const quote = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
