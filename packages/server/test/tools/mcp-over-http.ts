import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** An MCP server of the older era over HTTP. */
export interface HttpMcpServer {
  readonly url: string;
  /** The methods that it was asked for, and the headers that came with them. */
  readonly asked: string[];
  readonly headers: string[];
}

/** Starts it on this machine for the length of a test; each of its tools says its name. */
export async function serveMcp(...tools: string[]): Promise<HttpMcpServer> {
  const asked: string[] = [];
  const headers: string[] = [];
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { id, method, params } = JSON.parse(body || '{}');
    asked.push(method ?? String(request.method));
    headers.push(JSON.stringify(request.headers));
    const results: Record<string, object> = {
      initialize: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'test', version: '1' },
      },
      'tools/list': { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) },
      'tools/call': { content: [{ type: 'text', text: String(params?.name) }] },
    };
    const result = results[method];
    if (result === undefined) return void response.writeHead(id === undefined ? 202 : 400).end();
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`, asked, headers };
}
