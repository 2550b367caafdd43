import { SSEClientTransport, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import type { Environment } from '../config/interpolate.ts';
import type { McpServerEntry, SseServerEntry } from '../config/mcp-config.ts';
import type { McpLimits } from '../limits.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createGuardedFetch, type Fetch } from './guarded-fetch.ts';
import { StdioTransport } from './stdio-transport.ts';

/** A transport with what the protocol's own interface lacks. */
export interface OpenTransport {
  readonly transport: Transport;
  /** Whether the server may be asked which era of the protocol it speaks; costs a round trip. */
  readonly negotiates: boolean;
  /** Whether what the server says unasked is heard, e.g. that its tools have changed. */
  readonly hears: boolean;
  /** Runs an exchange; whatever it left open on the network when it settles is closed. */
  exchange<T>(task: () => Promise<T>): Promise<T>;
  /** Ends the connection, and what belongs to it. Never rejects. */
  close(): Promise<void>;
  /** Why the server ended, safe to show; empty when it is not known. */
  reason(): string;
  /** What the server printed last, for the log: so many lines, 20 by default. */
  diagnostics(lines?: number): string;
}

export interface OpenTransportOptions {
  readonly environment: Environment;
  readonly limits: McpLimits;
  readonly now: () => number;
  readonly fetch: Fetch;
  /** What programs are put into. */
  readonly sandbox: Pick<Sandbox, 'wrap' | 'report' | 'changed' | 'checkHostSide'>;
}

/** SEAM: makes a transport of a configured server. Nothing is started before the transport's own `start`. */
export type TransportOpener = (entry: McpServerEntry, options: OpenTransportOptions) => OpenTransport;

/** A child process for `command`; streamable HTTP or HTTP+SSE for a remote server. */
export const openTransport: TransportOpener = (entry, { environment, limits, now, fetch, sandbox }) => {
  if (entry.transport === 'stdio') {
    const { messageBytes, closeGraceMs } = limits;
    const transport = new StdioTransport({ entry, environment, messageBytes, closeGraceMs, now, sandbox });
    return {
      transport,
      // Servers of the older era may stop at a request that they don't know before `initialize`.
      negotiates: false,
      hears: true,
      exchange: (task) => task(),
      close: () => transport.close(),
      reason: () => transport.reason,
      diagnostics: (lines) => transport.diagnostics(lines),
    };
  }
  if (entry.transport === 'unreadable') throw new TypeError(`No transport can be opened: ${entry.problem}`);
  if (entry.transport === 'sse') return openSse(entry, { fetch, limits, now });
  const guarded = createGuardedFetch({ fetch, bodyBytes: limits.messageBytes, now });
  const transport = new StreamableHTTPClientTransport(new URL(entry.url), {
    fetch: guarded.fetch,
    requestInit: { headers: { ...entry.headers } },
    redirectPolicy: 'same-origin',
  });
  return {
    transport,
    negotiates: true,
    // It would say so on the standing stream, which is declined.
    hears: false,
    exchange: guarded.exchange,
    async close() {
      // A server that can't be told in time that its session is over finds out by itself.
      const timer = setTimeout(() => void transport.close().catch(() => {}), limits.closeGraceMs);
      await transport.terminateSession().catch(() => {});
      clearTimeout(timer);
      await transport.close().catch(() => {});
    },
    reason: () => '',
    diagnostics: () => '',
  };
};

/** HTTP+SSE (MCP 2024-11-05): one standing stream brings every answer, and when it ends the connection has. */
function openSse(
  { url, headers }: SseServerEntry,
  { fetch, limits, now }: Pick<OpenTransportOptions, 'fetch' | 'limits' | 'now'>,
): OpenTransport {
  const close = () => transport.close().catch(() => {});
  const guarded = createGuardedFetch({ fetch, bodyBytes: limits.messageBytes, now, onStreamEnd: () => void close() });
  const transport = new SSEClientTransport(new URL(url), {
    fetch: guarded.fetch,
    requestInit: { headers: { ...headers } },
    redirectPolicy: 'same-origin',
  });
  // Newer servers do not speak this transport.
  return {
    transport,
    negotiates: false,
    hears: true,
    exchange: guarded.exchange,
    close,
    reason: () => '',
    diagnostics: () => '',
  };
}
