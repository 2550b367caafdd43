import {
  type CallToolResult,
  createMcpHandler,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { VERSION } from '../config/version.ts';
import type { ServedTools } from '../contracts/served-tools.ts';
import { excerpt } from '../telemetry/hide-secrets.ts';
import { createProgressTeller } from './progress-teller.ts';

/** Options for answering one HTTP request to `/mcp`. */
export interface AnswerMcpOptions {
  readonly tools: ServedTools;
  /** Aborts the calls that the request makes. */
  readonly signal: AbortSignal;
  /** Called for a request that violates the protocol; the client has received the reason. */
  readonly onRefused: () => void;
  /** Called with an internal fault, for the log; the client does not receive its details. */
  readonly onFault: (cause: unknown) => void;
}

/**
 * Answers one request of MCP's streamable HTTP, in either era: 2026-07-28, or one of the revisions with `initialize`,
 * without sessions (https://modelcontextprotocol.io/specification). No state is kept between requests, and only tools
 * are offered.
 */
export async function answerMcp(request: Request, options: AnswerMcpOptions): Promise<Response> {
  const { onRefused } = options;
  const handler = createMcpHandler(() => createEndpoint(options), {
    // Bodies above the limit of the route have already been refused.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    onerror: onRefused,
  });
  return handler.fetch(request);
}

function createEndpoint({ tools, signal, onFault }: AnswerMcpOptions): Server {
  const server = new Server(
    { name: 'latchkey', title: 'Latchkey', version: VERSION },
    // The list depends on the token, so it must not be shared; and an edited grant applies at once, so it must not be
    // cached.
    { capabilities: { tools: {} }, cacheHints: { 'tools/list': { ttlMs: 0, cacheScope: 'private' } } },
  );
  // Without this, the SDK would send the message of an internal error to the client.
  const guarded = async <T>(task: () => Promise<T>): Promise<T> => {
    try {
      return await task();
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      if (!signal.aborted) onFault(error);
      throw new ProtocolError(ProtocolErrorCode.InternalError, 'The server failed at this request; its log says why.');
    }
  };
  server.setRequestHandler('tools/list', () =>
    guarded(async () => ({ tools: (await tools.list(signal)).map((tool) => ({ ...tool })) }) as ListToolsResult),
  );
  server.setRequestHandler('tools/call', ({ params: { name, arguments: args = {} } }, { mcpReq }) =>
    guarded(async () => {
      const progressToken = mcpReq._meta?.progressToken;
      using teller = createProgressTeller((progress) => {
        if (progressToken === undefined) return;
        const params = { progressToken, ...progress };
        // The notification is lost if the client has left.
        mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
      });
      const result = await tools.call(name, args, signal, teller.note);
      if (result === undefined) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${excerpt(name, 128)}`);
      }
      return { content: [...result.content], isError: result.isError } as CallToolResult;
    }),
  );
  return server;
}
