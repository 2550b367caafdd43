import type { Implementation } from '@modelcontextprotocol/client';
import type { Environment } from '../config/interpolate.ts';
import type { McpConfig } from '../config/mcp-config.ts';
import { BridgeError } from '../errors.ts';
import { type McpLimits, resolveLimits } from '../limits.ts';
import { type BridgeLogger, silentLogger } from '../logger.ts';
import { openToolset, type ToolSelection } from '../tools/open-toolset.ts';
import type { ToolGate } from '../tools/tool-gate.ts';
import type { Toolset } from '../tools/toolset.ts';
import type { Fetch } from '../transport/guarded-fetch.ts';
import { openTransport, type TransportOpener } from '../transport/open-transport.ts';
import { ServerConnection, type ServerStatus } from './connection.ts';

/** What `createMcpHost` takes; all but `config` have defaults. */
export interface McpHostOptions {
  readonly config: McpConfig;
  /** What servers are told about who calls. */
  readonly clientInfo?: Pick<Implementation, 'name' | 'version'>;
  readonly logger?: BridgeLogger;
  readonly limits?: Partial<McpLimits>;
  /** Where child processes inherit HOME, LANG, PATH and TERM from, and nothing else. Absent: this process. */
  readonly environment?: Environment;
  /** Milliseconds on a clock that never goes back. */
  readonly now?: () => number;
  readonly fetch?: Fetch;
  /** How a configured server is reached; absent: as a child process or by streamable HTTP. */
  readonly opener?: TransportOpener;
}

/** The servers of an mcp.json and their tools. */
export interface McpHost extends AsyncDisposable {
  servers(): ServerStatus[];
  /**
   * The tools that a request may use, servers started as needed.
   *
   * @throws BridgeError `MCP_DENIED`, `MCP_SERVER_UNKNOWN`, `MCP_TOOL_UNAVAILABLE`, `MCP_NO_TOOLS`,
   * `MCP_CONNECTION_FAILED`, `MCP_CLOSED`; the signal's reason when it is aborted.
   */
  openToolset(selections: readonly ToolSelection[], gate: ToolGate, signal: AbortSignal): Promise<Toolset>;
}

/**
 * Hosts the servers of an mcp.json. Nothing is started until a request needs it; a server is shared by all requests and
 * started again after it died. Disposing of the host ends every child process and waits for that.
 *
 * > [!WARNING]
 * > Whoever can write the configuration can run programs. Take it from the operator's file only, never from a request.
 *
 * @example
 * ```ts
 * import { createMcpHost, loadMcpJson } from '@latchkey/mcp-bridge';
 *
 * const config = await loadMcpJson('./mcp.json', process.env);
 * await using host = createMcpHost({ config });
 * const gate = ({ tool }: { tool?: string }) =>
 *   tool === undefined || tool.startsWith('read_')
 *     ? { allowed: true as const }
 *     : { allowed: false as const, reason: 'Only reading is allowed.' };
 * const toolset = await host.openToolset([{ server: 'mcp/files' }], gate, AbortSignal.timeout(30_000));
 * const outcome = await toolset.call('read_text_file', { path: 'a.txt' }, { signal: AbortSignal.timeout(60_000) });
 * console.log(outcome.type === 'success' ? outcome.text : outcome.reason);
 * ```
 */
export function createMcpHost(options: McpHostOptions): McpHost {
  const { config, clientInfo = { name: 'latchkey', version: '0' }, logger = silentLogger } = options;
  const limits = resolveLimits(options.limits);
  const shared = {
    clientInfo,
    logger,
    limits,
    environment: options.environment ?? process.env,
    now: options.now ?? (() => performance.now()),
    fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    opener: options.opener ?? openTransport,
  };
  const connections = new Map<string, ServerConnection>();
  for (const entry of config.servers.values()) {
    connections.set(entry.id, new ServerConnection({ ...shared, entry }));
    if (entry.problem !== undefined) {
      logger.error({ server: entry.id, problem: entry.problem }, 'An MCP server is not configured completely');
    }
  }
  for (const warning of config.warnings) logger.warn({ warning }, 'Part of the mcp.json has no effect');
  let closing: Promise<unknown> | undefined;

  return {
    servers: () => [...connections.values()].map((connection) => connection.status()),
    async openToolset(selections, gate, signal) {
      if (closing !== undefined) throw new BridgeError('MCP_CLOSED', 'The MCP host has been closed.');
      return openToolset(selections, { connections, gate, limits, logger, signal });
    },
    async [Symbol.asyncDispose]() {
      closing ??= Promise.allSettled([...connections.values()].map((connection) => connection.close()));
      await closing;
    },
  };
}
