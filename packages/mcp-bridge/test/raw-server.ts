import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { createMcpHost, type McpHost, type McpHostOptions, parseMcpJson } from '../src/index.ts';

/** A message as it comes from a client. */
export interface Asked {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: object; readonly cursor?: string };
}

/** A server in raw JSON-RPC that sends exactly what a test wants, in whatever shape. */
export interface RawServer {
  /** One page of tools, or pages by their cursor ('' is the first): the results of `tools/list`. */
  readonly list?: Record<string, unknown> | ((cursor: string, asked: Asked) => unknown);
  /** The results of calls by tool, or whole answers by a function. */
  readonly call?: (name: string, asked: Asked) => unknown;
  readonly initialize?: Record<string, unknown>;
}

/** What a server answers to a message; undefined for nothing. */
export function answerRaw(server: RawServer, asked: Asked): unknown {
  const { id, method, params = {} } = asked;
  if (id === undefined) return undefined;
  const say = (result: unknown): unknown => ({ jsonrpc: '2.0', id, result });
  if (method === 'initialize') {
    const serverInfo = { name: 'raw', version: '1' };
    return say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo, ...server.initialize });
  }
  if (method === 'tools/list') {
    const { list = { tools: [] } } = server;
    const page = typeof list === 'function' ? list(params.cursor ?? '', asked) : list;
    return page instanceof Whole ? page : say(page);
  }
  if (method === 'tools/call') {
    const result = server.call?.(params.name ?? '', asked) ?? { content: [{ type: 'text', text: 'done' }] };
    return result instanceof Whole ? result : say(result);
  }
  return { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } };
}

/** An answer that is sent as it is, and not as a result. */
export class Whole {
  readonly message: unknown;
  readonly status: number;

  constructor(message: unknown, status = 200) {
    this.message = message;
    this.status = status;
  }
}

/** A program that says what a module says: `answers` is the body of a function of `asked`, in JavaScript. */
export const rawProgram = (answers: string): { command: string; args: string[]; sandbox: 'off' } => ({
  command: process.execPath,
  args: [
    '-e',
    `require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const asked = JSON.parse(line);
      const text = (function () { ${answers} })();
      if (text !== undefined) process.stdout.write(text + '\\n');
    }).on('close', () => process.exit(0));`,
  ],
  sandbox: 'off',
});

/** A host of servers in raw JSON-RPC over HTTP, each under its label. */
export async function rawHost(
  servers: Record<string, RawServer>,
  options: Partial<McpHostOptions> = {},
  entry: Record<string, unknown> = {},
): Promise<McpHost & { readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const mcpServers: Record<string, object> = {};
  for (const [label, server] of Object.entries(servers)) {
    const port = await listenRaw((message) => {
      asked.push(message);
      return answerRaw(server, message);
    });
    mcpServers[label] = { url: `http://127.0.0.1:${port}/mcp`, ...entry };
  }
  const host = createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers }), {}), ...options });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return Object.assign(host, { asked });
}

async function listenRaw(answer: (asked: Asked) => unknown): Promise<number> {
  const http: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const given = answer(JSON.parse(body));
    const { message, status } = given instanceof Whole ? given : new Whole(given);
    if (message === undefined) return void response.writeHead(202).end();
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    const isEvent = text.startsWith('data:') || text.startsWith('event:') || text.startsWith('id:');
    response.writeHead(status, { 'content-type': isEvent ? 'text/event-stream' : 'application/json' }).end(text);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  return (http.address() as AddressInfo).port;
}
