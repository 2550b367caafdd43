import {
  type CallToolResult,
  createMcpHandler,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type Transport,
} from '@modelcontextprotocol/server';
import { VERSION } from '../config/version.ts';
import type { ServedTools } from '../contracts/served-tools.ts';
import { excerpt } from '../telemetry/hide-secrets.ts';
import { acceptedForm, EITHER, inAcceptedForm } from './accepted-form.ts';
import { inPlainWords } from './plain-errors.ts';
import { createProgressTeller } from './progress-teller.ts';
import { isBatch, mendRequestBody } from './read-request.ts';

/** An HTTP request to `/mcp`: its body, and the headers that the protocol reads. */
export interface McpRequest {
  readonly body: string;
  readonly headers: Headers;
}

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
 * are offered. Clients are taken as they are: whichever form they accept, and with null for what is absent.
 */
export async function answerMcp({ body, headers: sent }: McpRequest, options: AnswerMcpOptions): Promise<Response> {
  const { onRefused, signal } = options;
  const headers = new Headers(sent);
  const form = acceptedForm(headers.get('accept') ?? undefined);
  headers.set('accept', EITHER);
  const text = mendRequestBody(body);
  const request = new Request('http://localhost/mcp', { method: 'POST', headers, body: text, signal });
  const handler = createMcpHandler(({ era }) => createEndpoint(options, era), {
    // Bodies above the limit of the route have already been refused.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    onerror: onRefused,
  });
  return inAcceptedForm(await handler.fetch(request), form, isBatch(text));
}

/** A server of the SDK whose errors are sentences. */
class Endpoint extends Server {
  override connect(transport: Transport): Promise<void> {
    return super.connect(inPlainWords(transport));
  }
}

/**
 * Lists that older clients ask for without looking at what is declared. Some take a refusal for a failed connection; what
 * there is, is nothing.
 */
const EMPTY_LISTS: Readonly<Record<string, object>> = {
  'resources/list': { resources: [] },
  'resources/templates/list': { resourceTemplates: [] },
  'prompts/list': { prompts: [] },
};

function createEndpoint({ tools, signal, onFault }: AnswerMcpOptions, era: 'legacy' | 'modern'): Server {
  const server = new Endpoint(
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
  // Newer clients read what is declared, and get a 404 for all else.
  if (era === 'modern') return server;
  server.fallbackRequestHandler = async ({ method }) => {
    const list = Object.hasOwn(EMPTY_LISTS, method) ? EMPTY_LISTS[method] : undefined;
    if (list !== undefined) return { ...list };
    throw new ProtocolError(ProtocolErrorCode.MethodNotFound, 'Method not found: this server offers tools only.');
  };
  return server;
}
