import { SSEClientTransport, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import type { Environment } from '../config/interpolate.ts';
import type { McpServerEntry, SseServerEntry } from '../config/mcp-config.ts';
import type { McpLimits } from '../limits.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { createGuardedFetch, type Fetch } from './guarded-fetch.ts';
import { mendHeaders } from './mend-headers.ts';
import { mendResponses } from './mend-responses.ts';
import { StdioTransport } from './stdio-transport.ts';

/** A transport, with what the protocol's own interface lacks. */
export interface OpenTransport {
  readonly transport: Transport;
  /** Whether to ask the server which era of the protocol it supports; this costs a round trip. */
  readonly negotiates: boolean;
  /** Whether the server's notifications arrive, e.g. that its tools have changed. */
  readonly hears: boolean;
  /** Runs an exchange; network connections that it left open are closed when it settles. */
  exchange<T>(task: () => Promise<T>): Promise<T>;
  /** Closes the connection and its resources. Never rejects. */
  close(): Promise<void>;
  /** Why the server ended, in words that are safe to show; empty when unknown. */
  reason(): string;
  /** The server's last output, for the log: a number of lines, 20 by default. */
  diagnostics(lines?: number): string;
  /** Whether it ended by itself and without an error, as one does that has done its work. Absent: it cannot be known. */
  endedWell?(): boolean;
  /** What came that was no message, in words that are safe to show; empty if nothing did. Absent: it cannot be known. */
  heard?(): string;
}

export interface OpenTransportOptions {
  readonly environment: Environment;
  readonly limits: McpLimits;
  readonly now: () => number;
  readonly fetch: Fetch;
  /** The sandbox for programs. */
  readonly sandbox: Pick<Sandbox, 'wrap' | 'report' | 'changed' | 'checkHostSide' | 'explainRefused'>;
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
      // Servers of the older era may exit on an unknown request before `initialize`.
      negotiates: false,
      hears: true,
      exchange: (task) => task(),
      close: () => transport.close(),
      reason: () => transport.reason,
      diagnostics: (lines) => transport.diagnostics(lines),
      endedWell: () => transport.endedWell,
      heard: () => transport.heard,
    };
  }
  if (entry.transport === 'unreadable') throw new TypeError(`No transport can be opened: ${entry.problem}`);
  if (entry.transport === 'sse') return openSse(entry, { fetch, limits, now });
  const guarded = createGuardedFetch({ fetch, bodyBytes: limits.messageBytes, now });
  const transport = new StreamableHTTPClientTransport(new URL(entry.url), {
    fetch: mendResponses(mendHeaders(guarded.fetch)),
    requestInit: { headers: { ...entry.headers } },
    redirectPolicy: 'same-origin',
  });
  return {
    transport,
    negotiates: true,
    // The notification would arrive on the standing stream, which is declined.
    hears: false,
    exchange: guarded.exchange,
    async close() {
      // If the end of the session cannot be sent in time, the server must find out by itself.
      const timer = setTimeout(() => void transport.close().catch(() => {}), limits.closeGraceMs);
      await transport.terminateSession().catch(() => {});
      clearTimeout(timer);
      await transport.close().catch(() => {});
    },
    reason: () => '',
    diagnostics: () => '',
  };
};

/** Opens HTTP+SSE (MCP 2024-11-05): one standing stream carries every answer; the connection ends with it. */
function openSse(
  { url, headers }: SseServerEntry,
  { fetch, limits, now }: Pick<OpenTransportOptions, 'fetch' | 'limits' | 'now'>,
): OpenTransport {
  const close = () => transport.close().catch(() => {});
  let streamEnded = false;
  const onStreamEnd = (): void => {
    streamEnded = true;
    void close();
  };
  const guarded = createGuardedFetch({ fetch, bodyBytes: limits.messageBytes, now, onStreamEnd });
  const transport = new SSEClientTransport(new URL(url), {
    fetch: mendResponses(guarded.fetch),
    requestInit: { headers: { ...headers } },
    redirectPolicy: 'same-origin',
  });
  // Newer servers do not support this transport.
  return {
    transport,
    negotiates: false,
    hears: true,
    exchange: guarded.exchange,
    close,
    reason: () => '',
    diagnostics: () => '',
    // Proxies end each standing stream after a while, and a server that is deployed again ends them all.
    endedWell: () => streamEnded,
  };
}
