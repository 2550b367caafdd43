import type { HttpServerEntry, McpServerEntry, SseServerEntry } from '../config/mcp-config.ts';
import type { LoginSettings } from '../config/read-login.ts';

export type RemoteEntry = HttpServerEntry | SseServerEntry;

/** How a server can be signed in to. */
export interface LoginOf {
  readonly entry: RemoteEntry;
  readonly settings: LoginSettings;
  /** Whether the mcp.json says so; otherwise the server has to ask for it. */
  readonly isDeclared: boolean;
}

const byDefault: LoginSettings = Object.freeze({ account: 'user', grant: 'login', privateHosts: [] });

/** How an entry is signed in to; undefined for a program, and where its headers have the credentials. */
export function loginOf(entry: McpServerEntry): LoginOf | undefined {
  if (entry.transport !== 'http' && entry.transport !== 'sse') return undefined;
  if (entry.refusesLogin === true || entry.problem !== undefined) return undefined;
  if (entry.login !== undefined) return { entry, settings: entry.login, isDeclared: true };
  const hasCredentials =
    entry.headersCommand !== undefined || Object.keys(entry.headers).some((name) => /^authorization$/i.test(name));
  return hasCredentials ? undefined : { entry, settings: byDefault, isDeclared: false };
}
