import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createMcpHost, type McpHostOptions, parseMcpJson } from '../../src/index.ts';
import { call, open } from '../hosting.ts';
import { type Handler, listen, readBody } from '../remote-server.ts';

interface Message {
  readonly id?: number;
  readonly method: string;
}

/** A server with sessions, of the older era. `answer` may take a message over; it says so by true. */
function sessions(answer: (message: Message, response: ServerResponse, session: string) => boolean = () => false) {
  const known = new Set<string>();
  const seen: string[] = [];
  let count = 0;
  let refuse = (response: ServerResponse): void => void response.writeHead(404).end('{}');
  const handler: Handler = async (request, response) => {
    const session = String(request.headers['mcp-session-id'] ?? '');
    const message: Message =
      request.method === 'POST' ? JSON.parse(await readBody(request)) : { method: String(request.method) };
    seen.push(message.method);
    const send = (result: object, headers = {}): void => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
    };
    if (answer(message, response, session)) return;
    if (message.method === 'server/discover') response.writeHead(400).end();
    else if (message.method === 'initialize') {
      count += 1;
      known.add(`session-${count}`);
      const serverInfo = { name: 'sessions', version: '1' };
      const result = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo };
      send(result, { 'mcp-session-id': `session-${count}` });
    } else if (!known.has(session)) refuse(response);
    else if (message.method === 'tools/list') send({ tools: [{ name: 'act', inputSchema: { type: 'object' } }] });
    else if (message.method === 'tools/call') send({ content: [{ type: 'text', text: session }] });
    else response.writeHead(request.method === 'POST' ? 202 : 200).end();
  };
  return {
    handler,
    seen,
    forget(how: (response: ServerResponse) => void) {
      known.clear();
      refuse = how;
    },
    count: (method: string) => seen.filter((one) => one === method).length,
  };
}

const hostOf = (port: number, options: Partial<McpHostOptions> = {}, entry: object = {}) =>
  createMcpHost({
    config: parseMcpJson(
      JSON.stringify({ mcpServers: { far: { url: `http://127.0.0.1:${port}/mcp`, ...entry } } }),
      {},
    ),
    now: counting(),
    ...options,
    // Every listing asks the server.
    limits: { listMs: 1, ...options.limits },
  });

/** A clock that never stands still, and hardly moves. */
function counting(): () => number {
  let time = 0;
  return () => (time += 1);
}

const refusals: [string, (response: ServerResponse) => void][] = [
  ['404', (response) => response.writeHead(404).end()],
  [
    '400 in words of JSON-RPC',
    (response) =>
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end(
          '{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}',
        ),
  ],
  ['401', (response) => response.writeHead(401).end('unauthorized')],
  ['500', (response) => response.writeHead(500).end('<h1>Internal Server Error</h1>')],
  ['502 of a proxy', (response) => response.writeHead(502).end('bad gateway')],
  ['a closed connection', (response) => response.destroy()],
];

describe('a session that has come to its normal end', () => {
  it.each(refusals)('is followed by a new one, unseen and uncounted: %s', async (_, refuse) => {
    const server = sessions();
    const port = await listen(server.handler);
    await using host = hostOf(port);
    for (let time = 1; time <= 6; time += 1) {
      const toolset = await open(host, 'mcp/far');
      expect(await call(toolset, 'act')).toMatchObject({ type: 'success', text: `session-${time}` });
      expect(host.servers()[0]).toMatchObject({ state: 'ready' });
      expect(host.servers()[0]?.error).toBeUndefined();
      server.forget(refuse);
    }
    expect(server.count('tools/call')).toBe(6);
    expect(server.count('server/discover')).toBe(1);
  });

  it.each(refusals.slice(0, 3))('is so between the list and the call as well: %s', async (_, refuse) => {
    const server = sessions();
    await using host = hostOf(await listen(server.handler), { limits: { listMs: 60_000 } });
    for (let time = 0; time < 6; time += 1) {
      const toolset = await open(host, 'mcp/far');
      server.forget(refuse);
      expect(await call(toolset, 'act')).toMatchObject({ type: 'success' });
    }
    expect(host.servers()[0]?.error).toBeUndefined();
  });

  it('is never a reason to make a call again that may have run', async () => {
    let runs = 0;
    const server = sessions(({ method }, response) => {
      if (method !== 'tools/call') return false;
      runs += 1;
      response.writeHead(500).end('the session of the database was not found');
      return true;
    });
    await using host = hostOf(await listen(server.handler));
    expect(await call(await open(host, 'mcp/far'), 'act')).toMatchObject({ kind: 'unavailable' });
    expect(runs).toBe(1);
  });

  it('leaves the calls alone that still run in it', async () => {
    let finish = (): void => {};
    let arrived = (): void => {};
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = sessions((message, response, session) => {
      if (message.method !== 'tools/call' || session !== 'session-1') return false;
      finish = () => {
        const content = [{ type: 'text', text: 'late' }];
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { content } }));
      };
      arrived();
      return true;
    });
    await using host = hostOf(await listen(server.handler));
    const first = call(await open(host, 'mcp/far'), 'act');
    await isThere;
    server.forget((response) => response.writeHead(404).end());
    expect(await call(await open(host, 'mcp/far'), 'act')).toMatchObject({ type: 'success', text: 'session-2' });
    finish();
    expect(await first).toMatchObject({ type: 'success', text: 'late' });
  });

  it('is a failure when the new one is refused as well', async () => {
    let isDown = false;
    const server = sessions((_, response) => {
      if (isDown) response.writeHead(503).end();
      return isDown;
    });
    await using host = hostOf(await listen(server.handler));
    await open(host, 'mcp/far');
    isDown = true;
    await expect(open(host, 'mcp/far')).rejects.toThrow('could not be started: it answered with HTTP 503.');
    expect(host.servers()[0]?.error).toBe('it answered with HTTP 503');
  });
});

describe('a stream that breaks during a call', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['ends without an answer', (response) => response.end()],
    ['is dropped', (response) => response.destroy()],
  ])('fails the call at once: it %s', async (_, end) => {
    const server = sessions(({ method }, response) => {
      if (method !== 'tools/call') return false;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': working\n\n', () => end(response));
      return true;
    });
    await using host = hostOf(await listen(server.handler), { limits: { callTimeoutMs: 600_000 } });
    const toolset = await open(host, 'mcp/far');
    for (let time = 0; time < 4; time += 1) {
      expect(await call(toolset, 'act')).toMatchObject({
        kind: 'unavailable',
        reason: 'The server of the tool could not be reached or ended during the call.',
      });
    }
    expect(server.count('tools/call')).toBe(4);
    expect(server.count('initialize')).toBe(1);
  });
});

describe('a probe for the newer era', () => {
  it.each<[string, (response: ServerResponse, id: number | undefined) => void]>([
    [
      'an error without an id',
      (response) =>
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}'),
    ],
    ['500', (response) => response.writeHead(500).end()],
    ['501', (response) => response.writeHead(501).end()],
    ['503', (response) => response.writeHead(503).end()],
    ['401', (response) => response.writeHead(401).end()],
    ['403', (response) => response.writeHead(403).end()],
    ['nothing, with 200', (response) => response.writeHead(200).end()],
    ['202', (response) => response.writeHead(202).end()],
    ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>')],
    ['a closed connection', (response) => response.destroy()],
    ['silence', () => {}],
  ])('is never the last word: %s', async (_, refuse) => {
    const server = sessions(({ method, id }, response) => {
      if (method !== 'server/discover') return false;
      refuse(response, id);
      return true;
    });
    // A third of it is for the probe.
    await using host = hostOf(await listen(server.handler), { limits: { startTimeoutMs: 6_000 } });
    expect(await call(await open(host, 'mcp/far'), 'act')).toMatchObject({ type: 'success' });
    server.forget((response) => response.writeHead(404).end());
    expect(await call(await open(host, 'mcp/far'), 'act')).toMatchObject({ type: 'success' });
    expect(server.count('server/discover')).toBe(1);
  });
});

describe('habits of servers and proxies', () => {
  it.each([undefined, 'text/plain', 'text/plain; charset=utf-8', 'application/octet-stream'])(
    'do no harm: JSON as %s',
    async (type) => {
      const { handler } = sessions();
      const port = await listen((request, response) => {
        const { writeHead } = response;
        response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
          const { 'content-type': _, ...rest } = headers;
          return writeHead.call(response, status, type === undefined ? rest : { ...rest, 'content-type': type });
        }) as typeof response.writeHead;
        handler(request, response);
      });
      await using host = hostOf(port);
      expect(await call(await open(host, 'mcp/far'), 'act')).toMatchObject({ type: 'success' });
    },
  );

  it('do no harm: a 301 to the same server', async () => {
    const { handler } = sessions();
    const port = await listen((request, response) => {
      if (request.url === '/mcp') response.writeHead(301, { location: '/mcp/' }).end();
      else handler(request, response);
    });
    await using host = hostOf(port);
    expect(await call(await open(host, 'mcp/far'), 'act')).toMatchObject({ type: 'success' });
  });

  it('lead nowhere else, and that is told: a 301 to another server', async () => {
    const strangers: string[] = [];
    const elsewhere = await listen((request, response) => {
      strangers.push(String(request.url));
      response.end();
    });
    const port = await listen((_, response) =>
      response.writeHead(301, { location: `http://127.0.0.1:${elsewhere}/mcp` }).end(),
    );
    await using host = hostOf(port);
    await expect(open(host, 'mcp/far')).rejects.toThrow('it leads elsewhere, so give the address that it leads to');
    expect(strangers).toEqual([]);
  });
});
