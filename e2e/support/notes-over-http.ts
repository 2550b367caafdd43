import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** An MCP server over streamable HTTP with the tool `fetch_note`. */
export interface NotesServer extends AsyncDisposable {
  readonly url: string;
  /** The headers of all requests so far. */
  readonly seen: readonly IncomingHttpHeaders[];
}

/** Starts the server on a free port of 127.0.0.1; it answers only requests with the secret. */
export async function startNotesServer(secret: string): Promise<NotesServer> {
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'notes', version: '1.0.0' });
      const description = 'Fetch the note.';
      server.registerTool('fetch_note', { description, inputSchema: z.object({}) }, async () => ({
        content: [{ type: 'text', text: 'The herring is red.' }],
      }));
      return server;
    }),
    // Its types require a method, which is optional in Node's.
  ) as RequestListener;
  const seen: IncomingHttpHeaders[] = [];
  const http = createServer((request, response) => {
    seen.push(request.headers);
    if (request.headers.authorization === `Bearer ${secret}`) handler(request, response);
    else response.writeHead(401).end();
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    seen,
    [Symbol.asyncDispose]: async () => {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}
