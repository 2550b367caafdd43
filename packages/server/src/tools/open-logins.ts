import { loopbackRedirects, McpLogins, type McpLoginsOptions, resolveBySystem } from '@latchkey/mcp-bridge';
import { withoutAbsent } from '../config/without-absent.ts';

/** Where this server is described as an OAuth client. */
const CLIENT_DOCUMENT_PATH = '/oauth/client.json';

/** The client id metadata document of this server: its own URL, and the redirects that it may use. */
export interface ClientDocument {
  readonly url: string;
  readonly redirects: readonly string[];
}

/** The document of a server; undefined for one without a public https URL. */
export function clientDocumentOf(publicUrl: string | undefined): ClientDocument | undefined {
  if (publicUrl?.startsWith('https://') !== true) return undefined;
  const below = (path: string): string => publicUrl.replace(/\/+$/, '') + path;
  return { url: below(CLIENT_DOCUMENT_PATH), redirects: [below('/console'), ...loopbackRedirects] };
}

type Given = Pick<McpLoginsOptions, 'store' | 'logger' | 'clock' | 'fetch' | 'onLost' | 'subjectToken'>;

/** The logins of a server at the MCP servers of its mcp.json. */
export function openLogins(publicUrl: string | undefined, options: Given): McpLogins {
  const document = clientDocumentOf(publicUrl);
  return new McpLogins({
    ...options,
    clientName: 'Latchkey',
    resolve: resolveBySystem,
    hint: (label) => `latchkey mcp login ${label}`,
    ...withoutAbsent({ documentUrl: document?.url, redirects: document?.redirects }),
  });
}
