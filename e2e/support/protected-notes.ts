import type { RequestListener } from 'node:http';
import {
  type AuthorizationServer,
  type ProtectedServer,
  startAuthorizationServer,
  startProtectedServer,
} from '@latchkey/mcp-bridge/testing';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** An MCP server with the tool `fetch_note` that wants an OAuth login, and its authorization server with a page. */
export interface ProtectedNotes extends AsyncDisposable {
  readonly url: string;
  readonly authorization: AuthorizationServer;
  readonly resource: ProtectedServer;
}

export async function startProtectedNotes(): Promise<ProtectedNotes> {
  const handle = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'notes', version: '1.0.0' });
      const description = 'Fetch the note.';
      server.registerTool('fetch_note', { description, inputSchema: z.object({}) }, async () => ({
        content: [{ type: 'text', text: 'The herring is red.' }],
      }));
      return server;
    }),
  ) as RequestListener;
  const authorization = await startAuthorizationServer({ asks: true });
  // A third argument would be taken for the body.
  const resource = await startProtectedServer({
    authorization,
    handle: (request, response) => handle(request, response),
  });
  return {
    url: resource.url,
    authorization,
    resource,
    async [Symbol.asyncDispose]() {
      await resource[Symbol.asyncDispose]();
      await authorization[Symbol.asyncDispose]();
    },
  };
}
