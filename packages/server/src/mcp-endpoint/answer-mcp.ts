import { readFileSync } from 'node:fs';
import {
  type CallToolResult,
  createMcpHandler,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import type { ServedTools } from '../contracts/served-tools.ts';
import { excerpt } from '../telemetry/hide-secrets.ts';
import { createProgressTeller } from './progress-teller.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** What one HTTP request to `/mcp` is answered with. */
export interface AnswerMcpOptions {
  readonly tools: ServedTools;
  /** Ends the calls that the request makes. */
  readonly signal: AbortSignal;
  /** A request that was not what the protocol asks for; the reason has been told. */
  readonly onRefused: () => void;
  /** What went wrong in here, for the log; it has not been told. */
  readonly onFault: (cause: unknown) => void;
}

/**
 * Answers one request of MCP's streamable HTTP, of either era: 2026-07-28, and stateless the revisions with `initialize`
 * (https://modelcontextprotocol.io/specification). Nothing is kept between requests, and nothing but tools is offered.
 */
export async function answerMcp(request: Request, options: AnswerMcpOptions): Promise<Response> {
  const { onRefused } = options;
  const handler = createMcpHandler(() => createEndpoint(options), {
    // What is larger than its route takes has been refused before.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    onerror: onRefused,
  });
  return handler.fetch(request);
}

function createEndpoint({ tools, signal, onFault }: AnswerMcpOptions): Server {
  const server = new Server(
    { name: 'latchkey', title: 'Latchkey', version },
    // What a token may use is nobody else's answer, and a grant that is edited counts at once.
    { capabilities: { tools: {} }, cacheHints: { 'tools/list': { ttlMs: 0, cacheScope: 'private' } } },
  );
  // What goes wrong in here would else be told to the client in its own words.
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
        // It is lost when the client has left.
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
