import { createOAuthRequests, LoginError, type OAuthRequestsOptions } from '@latchkey/mcp-bridge';
import { type OAuthClient, readClientMetadata } from './client-metadata.ts';
import { OAuthError } from './oauth-error.ts';

/** A description is read again after this time. */
const KEPT_MILLISECONDS = 300_000;
const MOST_KEPT = 200;
const MOST_AT_ONCE = 8;
const WHAT = 'the description of the client';

export interface ClientDocumentsOptions extends Pick<OAuthRequestsOptions, 'resolve' | 'connect'> {
  /** Hosts, addresses and ranges that are not on the public internet and may describe clients. */
  readonly privateHosts: readonly string[];
  readonly clock: () => Date;
}

/**
 * Clients that describe themselves by a document at the https URL which is their id
 * (draft-ietf-oauth-client-id-metadata-document). That URL is a stranger's: it is reached only on the public internet,
 * at an address that was checked, without redirects to elsewhere, and its answer is bounded.
 */
export interface ClientDocuments {
  /** @throws {OAuthError} `invalid_client`; what `readClientMetadata` throws; the reason of the signal */
  find(clientId: string, signal: AbortSignal): Promise<OAuthClient>;
}

/** Whether a client id is the URL of a document. */
export const isDocumentUrl = (clientId: string): boolean => /^https?:\/\//i.test(clientId);

export function createClientDocuments({ privateHosts, clock, ...reaching }: ClientDocumentsOptions): ClientDocuments {
  const kept = new Map<string, { readonly client: OAuthClient; readonly until: number }>();
  let running = 0;

  async function read(clientId: string, signal: AbortSignal): Promise<OAuthClient> {
    using requests = createOAuthRequests({ ...reaching, privateHosts });
    try {
      const url = requests.check(clientId, WHAT);
      requireDocumentUrl(clientId, url);
      const { status, body } = await requests.get(url, WHAT, signal);
      if (status !== 200 || body === undefined)
        throw invalid(`${WHAT} answers with status ${status} and no JSON object`);
      // Otherwise one that can put a file on a host could speak for another client of it.
      if (body.client_id !== clientId) throw invalid(`${WHAT} is that of another client_id`);
      const method = body.token_endpoint_auth_method ?? 'none';
      if (method !== 'none')
        throw invalid(`${WHAT} must have "token_endpoint_auth_method": "none": this server takes public clients`);
      return { id: clientId, host: url.host, ...readClientMetadata(body) };
    } catch (error) {
      if (error instanceof LoginError) throw invalid(error.message, error);
      throw error;
    }
  }

  return {
    async find(clientId, signal) {
      const now = clock().getTime();
      const known = kept.get(clientId);
      if (known !== undefined && known.until > now) return known.client;
      if (running >= MOST_AT_ONCE) throw invalid('too many clients are looked up at this moment; try again');
      running += 1;
      try {
        const client = await read(clientId, signal);
        kept.delete(clientId);
        const [oldest] = kept.keys();
        if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
        kept.set(clientId, { client, until: now + KEPT_MILLISECONDS });
        return client;
      } finally {
        running -= 1;
      }
    },
  };
}

/** The form that a client id has in its canonical spelling, so that one client has one id. */
function requireDocumentUrl(clientId: string, url: URL): void {
  if (url.href === clientId && url.pathname !== '/' && url.hash === '' && !clientId.includes('#')) return;
  throw invalid('client_id must be a URL with a path, in its usual spelling and without a fragment');
}

const invalid = (reason: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_client', `This client cannot be let in: ${reason}.`, { cause });
