import type { ChatCaller } from '../../chat/prepare-chat.ts';
import type { ServedTools } from '../../contracts/served-tools.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { answerMcp } from '../../mcp-endpoint/answer-mcp.ts';
import { HOP_HEADER, isOwnHop } from '../../mcp-endpoint/hop.ts';
import { toChatCaller } from '../chat-caller.ts';
import type { Reply } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';

export interface McpHandlerOptions {
  /** @param toolSearch whether the client asks for a search in place of a list; undefined: as the server says */
  readonly serveTools: (caller: ChatCaller, toolSearch: boolean | undefined) => ServedTools;
  /** The name by which this installation recognises its own requests. */
  readonly installation: string;
}

/** `POST /mcp`: MCP's streamable HTTP. It has no sessions, so GET and DELETE are not served. */
export const createMcpHandler =
  ({ serveTools, installation }: McpHandlerOptions): Handler =>
  async (context) => {
    if (isOwnHop(context.header(HOP_HEADER.toLowerCase()), installation)) {
      throw new ServerError(
        'INVALID_REQUEST',
        'This server is listed in its own mcp.json. Its operator should take it out: its tools are there already.',
        { param: HOP_HEADER },
      );
    }
    const { signal, logger } = context;
    // The route declares its body as text.
    const request = { body: context.body as string, headers: new Headers(protocolHeaders(context)) };
    const tools = serveTools(toChatCaller(context), toolSearchOf(context));
    const response = await answerMcp(request, {
      tools,
      signal,
      // The error is not logged: it may quote the request.
      onRefused: () => logger.debug('a request to /mcp was not what MCP asks for'),
      onFault: (err) => logger.error({ err }, 'a request to /mcp failed'),
    });
    return toReply(response);
  };

/** `/mcp?tool_search=true`: clients have one place for settings of their own, the URL. */
function toolSearchOf({ query }: RequestContext): boolean | undefined {
  const { tool_search: asked } = query;
  if (asked === undefined) return undefined;
  if (asked === 'true' || asked === 'false') return asked === 'true';
  throw new ServerError('INVALID_REQUEST', "'tool_search' in the URL must be true or false.", { param: 'tool_search' });
}

/** The headers that the protocol reads. The caller's token is not passed on. */
const protocolHeaders = (context: RequestContext): [string, string][] =>
  context.headerNames
    .filter((name) => name === 'accept' || name === 'content-type' || name.startsWith('mcp-'))
    .map((name) => [name, context.get(name) ?? '']);

async function toReply({ status, headers, body }: Response): Promise<Reply> {
  const { connection: _, ...own } = Object.fromEntries(headers);
  // An answer that is whole is not sent through streams, which cost more than the answer.
  if (body !== null && own['content-type']?.startsWith('application/json')) {
    return { status, headers: own, body: { text: await new Response(body).text() } };
  }
  return { status, headers: own, ...(body === null ? {} : { body: { stream: body } }) };
}
