import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Listens on a free port of this machine for the length of a test. */
export async function listen(handler: Handler): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A server made with the protocol's own SDK, which speaks both eras; its one tool adds. */
export function addingServer(description = () => 'Adds two numbers.'): Handler {
  const handler = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'adding', version: '1.0.0' });
      const definition = { description: description(), inputSchema: z.object({ a: z.number(), b: z.number() }) };
      server.registerTool('add', definition, ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }] }));
      return server;
    }),
  );
  return (request, response) => void handler(request as IncomingMessage & { method: string; url: string }, response);
}

/** What a server of an older era answers to a message; undefined for one that is no request. */
export function answerOlder(message: { id?: number; method?: string }, text = 'done'): object | undefined {
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: '2024-11-05',
      capabilities: { tools: {} },
      serverInfo: { name: 'older', version: '1' },
    },
    'tools/list': { tools: [{ name: 'act', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text }] },
  };
  const result = results[message.method ?? ''];
  if (message.id === undefined) return undefined;
  if (result === undefined) return { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'unknown' } };
  return { jsonrpc: '2.0', id: message.id, result };
}

export async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
