import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMcpHost, type McpHost, type McpHostOptions, parseMcpJson } from '../../src/index.ts';
import { call, open } from '../hosting.ts';
import { answerOlder, readBody } from '../remote-server.ts';

let closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(handler: Handler): Promise<string> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

function hostOf(url: string, headers: Record<string, string> = {}, options: Partial<McpHostOptions> = {}): McpHost {
  const config = parseMcpJson(JSON.stringify({ mcpServers: { remote: { url, headers } } }), {});
  const host = createMcpHost({ config, ...options });
  closing.push(async () => host[Symbol.asyncDispose]());
  return host;
}

/** A server of the older era, by hand: what each request is answered with is the test's business. */
function rawServer(onCall: (id: number, response: ServerResponse, request: IncomingMessage) => void): {
  handler: Handler;
  seen: { method: string; session: string | undefined; headers: IncomingMessage['headers'] }[];
  sessions: Set<string>;
} {
  const seen: { method: string; session: string | undefined; headers: IncomingMessage['headers'] }[] = [];
  const sessions = new Set<string>();
  const handler: Handler = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { id, method = request.method ?? '' } = body === '' ? {} : JSON.parse(body);
    const session = request.headers['mcp-session-id'] as string | undefined;
    seen.push({ method, session, headers: request.headers });
    const answer = (result: object, headers: Record<string, string> = {}): void => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    };
    if (method === 'server/discover') {
      response.writeHead(400).end('no such method');
    } else if (method === 'initialize') {
      const name = `session-${sessions.size + 1}`;
      sessions.add(name);
      const capabilities = { tools: {} };
      const serverInfo = { name: 'raw', version: '1' };
      answer({ protocolVersion: '2025-06-18', capabilities, serverInfo }, { 'mcp-session-id': name });
    } else if (session !== undefined && !sessions.has(session)) {
      response.writeHead(404).end();
    } else if (method === 'tools/list') {
      answer({ tools: [{ name: 'act', inputSchema: { type: 'object' } }] });
    } else if (method === 'tools/call') {
      onCall(id, response, request);
    } else {
      response.writeHead(request.method === 'DELETE' ? 200 : 202).end();
    }
  };
  return { handler, seen, sessions };
}

function answerCall(id: number, response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } }));
}

describe("a server made with the protocol's own SDK", () => {
  it('is called in the newer era', async () => {
    const methods: string[] = [];
    const handler = toNodeHandler(
      createMcpHandler(() => {
        const server = new McpServer({ name: 'modern', version: '1.0.0' });
        server.registerTool('add', { inputSchema: z.object({ a: z.number(), b: z.number() }) }, ({ a, b }) => ({
          content: [{ type: 'text', text: String(a + b) }],
        }));
        return server;
      }),
    );
    const url = await listen((request, response) => {
      methods.push(String(request.headers['mcp-method'] ?? request.method));
      void handler(request as IncomingMessage & { method: string; url: string }, response);
    });
    const toolset = await open(hostOf(url), 'mcp/remote');
    expect(toolset.tools.map(({ name }) => name)).toEqual(['add']);
    expect(await call(toolset, 'add', { a: 2, b: 3 })).toMatchObject({ type: 'success', text: '5' });
    expect(methods).toContain('server/discover');
    expect(methods).not.toContain('initialize');
  });
});

describe('a server of the older era', () => {
  it('is called, with the headers of the mcp.json, and told when its session is over', async () => {
    const { handler, seen } = rawServer((id, response) => answerCall(id, response, 'done'));
    const host = hostOf(await listen(handler), { Authorization: 'Bearer of the operator' });
    expect(await call(await open(host, 'mcp/remote'), 'act')).toMatchObject({ type: 'success', text: 'done' });
    expect(new Set(seen.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer of the operator']));
    await host[Symbol.asyncDispose]();
    expect(seen.at(-1)).toMatchObject({ method: 'DELETE', session: 'session-1' });
  });

  it('is connected to anew, once, when it has forgotten the session', async () => {
    const { handler, seen, sessions } = rawServer((id, response) => answerCall(id, response, 'done'));
    const host = hostOf(await listen(handler));
    const toolset = await open(host, 'mcp/remote');
    sessions.clear();
    sessions.add('another');
    expect(await call(toolset, 'act')).toMatchObject({ type: 'success', text: 'done' });
    expect(seen.filter(({ method }) => method === 'initialize')).toHaveLength(2);
    expect(seen.filter(({ method }) => method === 'tools/call')).toHaveLength(2);
  });

  it('is not called for ever when it forgets each session', async () => {
    let calls = 0;
    const { handler } = rawServer((_, response) => {
      calls += 1;
      response.writeHead(404).end();
    });
    let time = 0;
    // A clock on which each start is long ago, so that the delay between starts bounds nothing here.
    const now = (): number => {
      time += 60_000;
      return time;
    };
    const toolset = await open(hostOf(await listen(handler), {}, { now }), 'mcp/remote');
    expect(await call(toolset, 'act')).toMatchObject({ type: 'failure', kind: 'unavailable' });
    expect(calls).toBe(2);
  });

  it('sees the stream of a call that timed out or was aborted end', async () => {
    const ended: Promise<void>[] = [];
    let arrived = (): void => {};
    const { handler } = rawServer((_, response, request) => {
      ended.push(new Promise((resolve) => request.socket.once('close', () => resolve())));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': waiting\n\n');
      arrived();
    });
    const url = await listen(handler);
    const hasty = await open(hostOf(url, {}, { limits: { callTimeoutMs: 400 } }), 'mcp/remote');
    expect(await call(hasty, 'act')).toMatchObject({ kind: 'timeout' });
    const toolset = await open(hostOf(url), 'mcp/remote');
    const controller = new AbortController();
    const second = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const aborted = call(toolset, 'act', {}, controller.signal);
    await second;
    controller.abort();
    expect(await aborted).toMatchObject({ kind: 'aborted' });
    await Promise.all(ended);
    expect(ended).toHaveLength(2);
  });

  it.each(['application/json', 'text/event-stream'])(
    'is cut off at once when it sends too much as %s',
    async (type) => {
      let sent = 0;
      const { handler } = rawServer((_, response) => {
        response.writeHead(200, { 'content-type': type });
        const more = (): void => {
          sent += 64 * 1024;
          if (!response.destroyed) response.write('x'.repeat(64 * 1024), () => setImmediate(more));
        };
        more();
      });
      const limits = { callTimeoutMs: 600_000, callTotalTimeoutMs: 600_000, messageBytes: 1024 * 1024 };
      const host = hostOf(await listen(handler), {}, { limits });
      const toolset = await open(host, 'mcp/remote');
      expect(await call(toolset, 'act')).toMatchObject({ type: 'failure', kind: 'failed' });
      expect(sent).toBeLessThan(64 * 1024 * 1024);
    },
  );

  it('is cut off when what it sends unpacks to too much', async () => {
    const { handler } = rawServer((id, response) => {
      const content = [{ type: 'text', text: 'x'.repeat(16 * 1024 * 1024) }];
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ jsonrpc: '2.0', id, result: { content } })));
    });
    const host = hostOf(await listen(handler), {}, { limits: { messageBytes: 1024 * 1024 } });
    expect(await call(await open(host, 'mcp/remote'), 'act')).toMatchObject({ type: 'failure', kind: 'failed' });
  });

  it('does not get the headers of the mcp.json sent elsewhere by a redirect', async () => {
    const strangers: string[] = [];
    const elsewhere = await listen((request, response) => {
      strangers.push(String(request.headers.authorization));
      response.writeHead(200).end();
    });
    const url = await listen((_, response) => response.writeHead(307, { location: elsewhere }).end());
    await expect(open(hostOf(url, { Authorization: 'Bearer secret' }), 'mcp/remote')).rejects.toMatchObject({
      code: 'MCP_CONNECTION_FAILED',
    });
    expect(strangers).toEqual([]);
  });
});

describe('what a server sends beside its answers', () => {
  it('is no cookie that it gets back', async () => {
    const { handler, seen } = rawServer((id, response) => answerCall(id, response, 'done'));
    const url = await listen((request, response) => {
      response.setHeader('set-cookie', ['tracked=1; Path=/', '__Host-tracked=2; Path=/; Secure']);
      handler(request, response);
    });
    const toolset = await open(hostOf(url), 'mcp/remote');
    expect(await call(toolset, 'act')).toMatchObject({ type: 'success', text: 'done' });
    expect(await call(toolset, 'act')).toMatchObject({ type: 'success', text: 'done' });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.filter(({ headers }) => headers.cookie !== undefined)).toEqual([]);
  });

  it('is no instruction that reaches a caller, a model or an operator', async () => {
    const url = await listen(async (request, response) => {
      const message = request.method === 'POST' ? JSON.parse(await readBody(request)) : {};
      const answer = answerOlder(message) as { result?: object } | undefined;
      if (answer?.result && message.method === 'initialize') Object.assign(answer.result, { instructions: 'canary' });
      response.writeHead(answer === undefined ? 202 : 200, { 'content-type': 'application/json' });
      response.end(answer === undefined ? undefined : JSON.stringify(answer));
    });
    const host = hostOf(url);
    const toolset = await open(host, 'mcp/remote');
    const outcome = await call(toolset, 'act');
    expect(outcome).toMatchObject({ type: 'success', text: 'done' });
    expect(JSON.stringify([toolset.tools, outcome, host.servers()])).not.toContain('canary');
  });

  it.each([401, 403])('is no address that is asked because a refusal names it: %i', async (status) => {
    const asked: string[] = [];
    const elsewhere = await listen((request, response) => {
      asked.push(String(request.url));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    for (const type of ['http', 'sse', undefined]) {
      const own: string[] = [];
      const url = await listen((request, response) => {
        own.push(String(request.url));
        const challenge = `Bearer resource_metadata="${elsewhere}", authorization_uri="${elsewhere}", scope="all"`;
        response.writeHead(status, { 'www-authenticate': challenge, link: `<${elsewhere}>; rel="describedby"` }).end();
      });
      const entry = { url, ...(type === undefined ? {} : { type }) };
      await using host = createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers: { remote: entry } }), {}) });
      await expect(open(host, 'mcp/remote')).rejects.toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
      expect(new Set(own)).toEqual(new Set(['/mcp']));
    }
    expect(asked).toEqual([]);
  });
});

describe('a server that promises to tell of changes, over a stream that is not listened to', () => {
  it('is asked for its tools again when they are old', async () => {
    let lists = 0;
    const url = await listen(async (request, response) => {
      const message = request.method === 'POST' ? JSON.parse(await readBody(request)) : {};
      const answer = answerOlder(message) as { result?: { tools?: object[]; capabilities?: object } } | undefined;
      if (answer?.result?.capabilities) answer.result.capabilities = { tools: { listChanged: true } };
      if (answer?.result?.tools) {
        lists += 1;
        answer.result.tools = [{ name: `tool-${lists}`, inputSchema: { type: 'object' } }];
      }
      response.writeHead(answer === undefined ? 202 : 200, { 'content-type': 'application/json' });
      response.end(answer === undefined ? undefined : JSON.stringify(answer));
    });
    let time = 0;
    const host = hostOf(url, {}, { limits: { listMs: 5_000 }, now: () => time });
    expect((await open(host, 'mcp/remote')).tools.map(({ name }) => name)).toEqual(['tool-1']);
    time = 6_000;
    expect((await open(host, 'mcp/remote')).tools.map(({ name }) => name)).toEqual(['tool-2']);
  });
});

describe('a server that cannot be used', () => {
  const login = 'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource"';
  const [none, wrong] = ['it wants credentials (HTTP 401), and none are sent: give it', 'it refused the credentials'];

  it.each([
    [{}, none],
    [{ Authorization: 'Bearer canary' }, wrong],
    [{ 'X-Api-Key': 'canary' }, wrong],
  ])('because it refuses what it is sent, here %j, tells its operator what to do', async (headers, why) => {
    for (const type of ['http', 'sse', undefined]) {
      const url = await listen((_, response) => {
        response.writeHead(401, { 'www-authenticate': login }).end('{"error": "secret detail"}');
      });
      const entry = { url, headers, ...(type === undefined ? {} : { type }) };
      const config = parseMcpJson(JSON.stringify({ mcpServers: { remote: entry } }), {});
      await using host = createMcpHost({ config });
      const error = await open(host, 'mcp/remote').catch((thrown) => thrown);
      expect(error.message).toContain(`The MCP server "mcp/remote" could not be started: ${why}`);
      expect(error.message).toMatch(/"headers" or "headersCommand"\.$/);
      expect(error.message).not.toMatch(/canary|secret|mcp\.example/);
      expect(error.message).toContain(host.servers()[0]?.error);
    }
  });

  it.each(['http', 'sse', undefined])('because nobody listens says so, with the transport %s', async (type) => {
    const url = await listen(() => {});
    await closing.pop()?.();
    const entry = { url, ...(type === undefined ? {} : { type }) };
    await using host = createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers: { remote: entry } }), {}) });
    await expect(open(host, 'mcp/remote')).rejects.toMatchObject({
      code: 'MCP_CONNECTION_FAILED',
      message: 'The MCP server "mcp/remote" could not be started: it cannot be reached (ECONNREFUSED).',
    });
  });

  it('because it never answers fails in time', async () => {
    const url = await listen(() => {});
    const host = hostOf(url, {}, { limits: { startTimeoutMs: 300 } });
    await expect(open(host, 'mcp/remote')).rejects.toMatchObject({
      message: 'The MCP server "mcp/remote" could not be started: it took too long.',
    });
  });
});
