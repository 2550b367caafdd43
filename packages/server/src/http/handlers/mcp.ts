import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { RouterContext } from '@koa/router';
import type { Context } from 'koa';
import type { ChatCaller } from '../../chat/chat-service.ts';
import type { ServedTools } from '../../contracts/served-tools.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { answerMcp } from '../../mcp-endpoint/answer-mcp.ts';
import { HOP_HEADER, isOwnHop } from '../../mcp-endpoint/hop.ts';
import { toChatCaller } from '../chat-caller.ts';
import type { Handler } from '../route.ts';
import { streamBody } from '../sse.ts';
import type { ServerState } from '../state.ts';

export interface McpHandlerOptions {
  readonly serveTools: (caller: ChatCaller) => ServedTools;
  /** The name by which this installation knows its own requests. */
  readonly installation: string;
}

/** `POST /mcp`: MCP's streamable HTTP. Without sessions there is nothing to GET and nothing to DELETE. */
export const createMcpHandler =
  ({ serveTools, installation }: McpHandlerOptions): Handler =>
  async (ctx) => {
    if (isOwnHop(ctx.req.headersDistinct[HOP_HEADER.toLowerCase()] ?? [], installation)) {
      throw new ServerError(
        'INVALID_REQUEST',
        'This server is listed in its own mcp.json. Its operator should take it out: its tools are there already.',
        { param: HOP_HEADER },
      );
    }
    const { signal, logger } = ctx.state;
    const request = new Request('http://localhost/mcp', {
      method: 'POST',
      headers: protocolHeaders(ctx),
      // Its row says that it is text.
      body: ctx.state.body as string,
      signal,
    });
    const tools = serveTools(toChatCaller(ctx.state));
    const response = await answerMcp(request, {
      tools,
      signal,
      // Without the error: it may quote what was sent.
      onRefused: () => logger.debug('a request to /mcp was not what MCP asks for'),
      onFault: (err) => logger.error({ err }, 'a request to /mcp failed'),
    });
    send(ctx, response);
  };

/** What the protocol reads. The caller's token is none of its business. */
function protocolHeaders({ req }: Context): [string, string][] {
  return Object.entries(req.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' && (name === 'accept' || name === 'content-type' || name.startsWith('mcp-'))
      ? [[name, value]]
      : [],
  );
}

function send(ctx: RouterContext<ServerState>, response: Response): void {
  if (response.body === null) ctx.body = null;
  else streamBody(ctx, Readable.fromWeb(response.body as NodeReadableStream));
  for (const [name, value] of response.headers) if (name !== 'connection') ctx.set(name, value);
  ctx.status = response.status;
}
