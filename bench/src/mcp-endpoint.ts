import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { scriptedServerPath } from '@latchkey/mcp-bridge/testing';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startServer } from './start-server.ts';
import { median, type Row } from './table.ts';

const CALLS = 1_000;
const AT_ONCE = 32;
const ROUNDS = 5;

/** A server over HTTP that does nothing but answer: the least that a call over HTTP can cost. */
const DIRECT = `
  const results = {
    initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'direct', version: '1' } },
    'tools/list': { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] },
  };
  require('http').createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      const { id, method, params } = JSON.parse(body || '{}');
      if (id === undefined) return response.writeHead(request.method === 'POST' ? 202 : 405).end();
      const result = results[method] ?? { content: [{ type: 'text', text: params.arguments.text }] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

/**
 * Calls through `/mcp`, each decided, counted and audited, against calls of the same client to a server that only
 * answers, by turns in one run.
 */
export async function measureMcpEndpoint(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-mcp-'));
  const file = join(folder, 'mcp.json');
  const echo = { command: process.execPath, args: [scriptedServerPath], sandbox: 'off' };
  writeFileSync(file, JSON.stringify({ mcpServers: { echo } }));
  await using server = await startServer(folder, ['--mcp', file]);
  const direct = spawn(process.execPath, ['-e', DIRECT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const clients: Client[] = [];
  const connect = async (url: string, headers: Record<string, string> = {}): Promise<Client> => {
    const client = new Client({ name: 'bench', version: '0' });
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
    clients.push(client);
    return client;
  };
  try {
    const [port] = (await once(createInterface(direct.stdout), 'line')) as [string];
    const bare = await connect(`http://127.0.0.1:${port}/mcp`);
    const served = await connect(`${server.url}/mcp`, { authorization: `Bearer ${server.token}` });
    await perSecond(served);
    await perSecond(bare);
    const ours: number[] = [];
    const baseline: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await perSecond(served));
      baseline.push(await perSecond(bare));
    }
    return {
      what: `calls a second over /mcp, ${AT_ONCE} at once`,
      ours: median(ours),
      baseline: median(baseline),
      against: "the SDK's client, a server that only answers",
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    direct.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function perSecond(client: Client): Promise<number> {
  const started = performance.now();
  let left = CALLS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
      if (JSON.stringify(content) !== '[{"type":"text","text":"hello"}]') throw new Error(JSON.stringify(content));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (CALLS / (performance.now() - started)) * 1000;
}
