import { z } from 'zod';
import type { LoginSettings } from '../config/read-login.ts';
import type { AuthorizationServer } from './discovery.ts';
import { refused } from './login-error.ts';
import type { OAuthRequests } from './oauth-requests.ts';

/** This host, as an authorization server knows it. */
export const clientSchema = z.object({
  id: z.string().min(1).max(4096),
  secret: z.string().max(4096).optional(),
  /** How the secret is sent. */
  method: z.enum(['none', 'client_secret_basic', 'client_secret_post']),
});
export type OAuthClient = z.output<typeof clientSchema>;

export interface IdentityOptions {
  readonly settings: LoginSettings;
  readonly server: AuthorizationServer;
  /** How the client introduces itself to a person. */
  readonly name: string;
  /** The URL of this host's own client id metadata document, if that URL is public. */
  readonly documentUrl: string | undefined;
  /** The redirects that the document names; loopback addresses there have no port. */
  readonly documentRedirects: readonly string[];
  /** Absent where no browser takes part. */
  readonly redirectUri: string | undefined;
  readonly grants: readonly string[];
  readonly scope: string | undefined;
}

const registrationSchema = z.object({
  client_id: z.string().min(1).max(4096),
  client_secret: z.string().max(4096).nullish(),
  token_endpoint_auth_method: z.string().nullish(),
});

/**
 * Identifies this host at an authorization server: by the client of the mcp.json, else by a client id metadata document,
 * else by registering itself.
 *
 * @throws LoginError
 */
export async function identifyClient(
  options: IdentityOptions,
  requests: OAuthRequests,
  signal: AbortSignal,
): Promise<OAuthClient> {
  const { settings, server, name, redirectUri, grants, scope } = options;
  const { clientId, clientSecret } = settings;
  if (clientId !== undefined) return withMethod(clientId, clientSecret, server.authMethods);
  const documentUrl = settings.clientMetadataUrl ?? ownDocument(options);
  if (server.takesMetadataDocuments && documentUrl !== undefined) return { id: documentUrl, method: 'none' };
  if (server.registrationEndpoint === undefined) {
    throw refused(
      'its authorization server registers no clients: register one there, and write its "clientId" to "oauth" in the mcp.json',
    );
  }
  const what = 'the registration endpoint';
  const wanted = {
    client_name: name,
    grant_types: grants,
    token_endpoint_auth_method: 'none',
    ...(redirectUri === undefined
      ? {}
      : {
          redirect_uris: [redirectUri],
          response_types: ['code'],
          application_type: isLoopback(redirectUri) ? 'native' : 'web',
        }),
    ...(scope === undefined ? {} : { scope }),
  };
  const { status, body } = await requests.post(
    requests.check(server.registrationEndpoint, what),
    what,
    { json: wanted },
    signal,
  );
  const read = registrationSchema.safeParse(body);
  if (status >= 300 || !read.success) {
    throw refused(
      `its authorization server did not register a client (HTTP ${status}): register one there, and write its "clientId" to "oauth" in the mcp.json`,
    );
  }
  const { client_id, client_secret, token_endpoint_auth_method } = read.data;
  if (token_endpoint_auth_method === 'none' || client_secret == null) return { id: client_id, method: 'none' };
  const methods = token_endpoint_auth_method == null ? server.authMethods : [token_endpoint_auth_method];
  return withMethod(client_id, client_secret, methods);
}

/** The client's part of a request to an endpoint (RFC 6749, 2.3.1). */
export function authenticate(
  { id, secret, method }: OAuthClient,
  form: Record<string, string>,
): { readonly form: URLSearchParams; readonly headers: Record<string, string> } {
  if (method !== 'client_secret_basic' || secret === undefined) {
    const own = secret === undefined || method === 'none' ? {} : { client_secret: secret };
    return { form: new URLSearchParams({ ...form, client_id: id, ...own }), headers: {} };
  }
  // Without "+" for blanks: some decode the one encoding, some the other, and this is the same in both.
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const credentials = Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
  return { form: new URLSearchParams(form), headers: { authorization: `Basic ${credentials}` } };
}

/** The document of the mcp.json is taken as written; this host's own one has to name the redirect. */
function ownDocument({ documentUrl, documentRedirects, redirectUri }: IdentityOptions): string | undefined {
  if (redirectUri === undefined) return documentUrl;
  return documentRedirects.includes(withoutPort(redirectUri)) ? documentUrl : undefined;
}

/** A loopback redirect may have any port (RFC 8252, 7.3). */
function withoutPort(redirectUri: string): string {
  if (!isLoopback(redirectUri)) return redirectUri;
  const url = new URL(redirectUri);
  url.port = '';
  return url.href;
}

function isLoopback(redirectUri: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(redirectUri).hostname);
}

function withMethod(id: string, secret: string | undefined, methods: readonly string[]): OAuthClient {
  if (secret === undefined) return { id, method: 'none' };
  const basic = methods.length === 0 || methods.includes('client_secret_basic');
  return { id, secret, method: basic ? 'client_secret_basic' : 'client_secret_post' };
}
