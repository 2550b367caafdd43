import { call } from './call.ts';

export interface McpTool {
  readonly name: string;
  readonly description: string | null;
}

export interface McpServer {
  readonly label: string;
  readonly id: string;
  readonly transport: string;
  readonly state: string;
  readonly error: string | null;
  readonly description: string | null;
  readonly warnings: readonly string[];
  /** Null while it is not running. */
  readonly tools: readonly McpTool[] | null;
  readonly problems: readonly string[] | null;
  /** Which layers of the sandbox are on; null for a remote server. */
  readonly sandbox: { readonly layers: readonly string[]; readonly missing?: string } | null;
  readonly pins: { readonly held: readonly { readonly name: string; readonly state: 'changed' | 'new' }[] } | null;
}

export interface McpServerList {
  readonly servers: readonly McpServer[];
  /** Why the present mcp.json is not used. */
  readonly error: string | null;
  readonly warnings: readonly string[];
}

const PATH = '/api/v1/mcp/servers';

/** With `start`, servers that are not running are started, to list their tools. */
export const listServers = (start: boolean): Promise<McpServerList> => call('GET', `${PATH}?start=${start}`);

export const readLogs = async (label: string): Promise<readonly string[]> =>
  (await call<{ readonly lines: readonly string[] }>('GET', `${PATH}/${encodeURIComponent(label)}/logs`)).lines;

/** A tool, and whether its definition is the one that was approved. */
export interface ReviewedTool {
  readonly name: string;
  readonly state: 'approved' | 'changed' | 'new';
  readonly fingerprint: string;
  readonly flags: readonly {
    readonly kind: 'hidden_characters' | 'instructions' | 'oversized';
    readonly path: string;
    readonly detail: string;
  }[];
  readonly diff?: string;
}

/** The tools of a server for review, after it was started; null when it is not started for this caller. */
export const reviewPins = async (label: string): Promise<readonly ReviewedTool[] | null> =>
  (
    await call<{ readonly tools: readonly ReviewedTool[] | null }>(
      'GET',
      `${PATH}/${encodeURIComponent(label)}/pins?start=true`,
    )
  ).tools;

/** Approves definitions, exactly as they were reviewed. */
export const approvePins = (label: string, tools: readonly ReviewedTool[]): Promise<unknown> =>
  call('POST', `${PATH}/${encodeURIComponent(label)}/approve`, {
    body: { tools: tools.map(({ name, fingerprint }) => ({ name, fingerprint })) },
  });
