import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMcpHost, type McpHost, parseMcpJson } from '../../src/index.ts';
import { call, open } from '../hosting.ts';
import { answerOlder, type Handler, listen, readBody } from '../remote-server.ts';

/** A server that has only HTTP+SSE: a standing stream that names where to post, and answers over it. */
function sseServer({ refusal = 405, endpoint = '/messages' } = {}) {
  const streams: ServerResponse[] = [];
  const seen: string[] = [];
  const handler: Handler = async (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.method === 'GET' && request.url === '/mcp') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: endpoint\ndata: ${endpoint}\n\n`);
      streams.push(response);
    } else if (request.url === '/messages') {
      const answer = answerOlder(JSON.parse(await readBody(request)));
      response.writeHead(202).end();
      if (answer !== undefined) streams.at(-1)?.write(`event: message\ndata: ${JSON.stringify(answer)}\n\n`);
    } else {
      response.writeHead(refusal).end();
    }
  };
  return { handler, streams, seen };
}

async function hostOf(handler: Handler, entry: Record<string, unknown> = {}): Promise<McpHost> {
  const url = `http://127.0.0.1:${await listen(handler)}/mcp`;
  const config = parseMcpJson(JSON.stringify({ mcpServers: { remote: { url, ...entry } } }), {});
  const host = createMcpHost({
    config,
    limits: { messageBytes: 100_000 },
    random: () => 0,
  });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

describe('a server that has only HTTP+SSE', () => {
  it('is called over its standing stream', async () => {
    const { handler, seen } = sseServer();
    const host = await hostOf(handler, { type: 'sse' });
    const toolset = await open(host, 'mcp/remote');
    expect(await call(toolset, 'act')).toMatchObject({ type: 'success', text: 'done' });
    expect(seen[0]).toBe('GET /mcp');
    expect(host.servers()[0]).toMatchObject({ transport: 'sse', state: 'ready' });
  });

  it.each([400, 404, 405])(
    'is found when the mcp.json leaves the transport open and it answers %i',
    async (refusal) => {
      const { handler } = sseServer({ refusal });
      const host = await hostOf(handler);
      expect(await call(await open(host, 'mcp/remote'), 'act')).toMatchObject({ type: 'success' });
      expect(host.servers()[0]?.transport).toBe('sse');
    },
  );

  it.each([401, 403, 500, 503])('is not looked for after %i', async (refusal) => {
    const { handler, seen } = sseServer({ refusal });
    await expect(open(await hostOf(handler), 'mcp/remote')).rejects.toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
    expect(seen).not.toContain('GET /mcp');
  });

  it('is not looked for when the mcp.json says which transport it is', async () => {
    const { handler, seen } = sseServer();
    await expect(open(await hostOf(handler, { type: 'http' }), 'mcp/remote')).rejects.toMatchObject({
      message: 'The MCP server "mcp/remote" could not be started: it answered with HTTP 405.',
    });
    expect(seen).not.toContain('GET /mcp');
  });

  it('is connected to anew when its stream has ended', async () => {
    const { handler, streams } = sseServer();
    const host = await hostOf(handler, { type: 'sse' });
    const toolset = await open(host, 'mcp/remote');
    streams[0]?.end();
    await expect.poll(() => host.servers()[0]?.state).not.toBe('ready');
    expect(await call(toolset, 'act')).toMatchObject({ type: 'success' });
    expect(streams).toHaveLength(2);
  });

  it('may send for ever, but no event that is too long', async () => {
    const { handler, streams } = sseServer();
    const host = await hostOf(handler, { type: 'sse' });
    await open(host, 'mcp/remote');
    for (let count = 0; count < 30; count += 1) streams[0]?.write(`: ${'x'.repeat(10_000)}\n\n`);
    expect(await call(await open(host, 'mcp/remote'), 'act')).toMatchObject({ type: 'success' });
    expect(streams).toHaveLength(1);
    streams[0]?.write('x'.repeat(100_001));
    await expect.poll(() => host.servers()[0]?.state).not.toBe('ready');
  });

  it('can not have its answers fetched from elsewhere', async () => {
    const strangers: string[] = [];
    const elsewhere = await listen((request, response) => {
      strangers.push(String(request.url));
      response.end();
    });
    const { handler } = sseServer({ endpoint: `http://127.0.0.1:${elsewhere}/messages` });
    await expect(open(await hostOf(handler, { type: 'sse' }), 'mcp/remote')).rejects.toMatchObject({
      code: 'MCP_CONNECTION_FAILED',
    });
    expect(strangers).toEqual([]);
  });
});
