import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Grant } from '@latchkey/auth-core/llm';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import type { Json } from '../support/json.ts';
import { recording } from '../support/mcp-servers.ts';
import {
  blocksOf,
  hasProxy,
  PROXIES,
  type ProxyName,
  type RunningProxy,
  startProxy,
} from '../support/reverse-proxies.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const CONFIG = { publicUrl: 'https://models.example.com', trustedProxies: ['127.0.0.1'] };
/** Two comment lines of a stream, and some time for a machine with much to do. */
const LONGEST_SILENCE_MILLISECONDS = 60_000;
/** An address that is not the proxy's. */
const CALLER = '127.0.0.2';

let folder: TemporaryFolder;
let server: TestServer;
let asking: HeldToken;
beforeAll(async () => {
  folder = createTemporaryFolder();
  const mcpServers = { notes: recording(join(folder.path, 'calls')) };
  server = await startServer({ config: CONFIG, mcpServers });
  asking = await createToken(server, 'asking', withTools({ 'mcp/notes': { echo: { approval: 'ask' } } }));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The status of a request that comes from another address than the proxy's. */
function statusFrom(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  request(url, { localAddress: CALLER, headers }, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on('error', reject)
    .end();
  return promise;
}

const waitingCalls = async (): Promise<readonly Json[]> => (await server.admin.get('/api/v1/approvals')).body.approvals;

for (const name of Object.keys(PROXIES) as ProxyName[]) {
  const [block = ''] = blocksOf(name);
  describe.runIf(hasProxy(name))(name, () => {
    let proxy: RunningProxy;
    beforeAll(async () => {
      proxy = await startProxy(name, block, server.url);
    });
    afterAll(() => proxy[Symbol.asyncDispose]());

    verifies(
      'proxies.stream',
      async () => {
        const stream = await createApi(proxy.url, asking.token).stream({
          input: 'Echo red fox',
          integrations: ['mcp/notes'],
        });
        // What comes before the call comes through while the call waits.
        const { approval_id: id } = await stream.until('tool_call.approval_required');
        await server.admin.post(`/api/v1/approvals/${id}`, { decision: 'approve' });
        expect((await stream.all()).at(-1)?.data.type).toBe('chat.end');
      },
      name,
    );

    verifies(
      'proxies.leaves',
      async () => {
        const stream = await createApi(proxy.url, asking.token).stream({
          input: 'Echo red fox',
          integrations: ['mcp/notes'],
          store: false,
        });
        await stream.until('tool_call.approval_required');
        expect(await waitingCalls()).toHaveLength(1);
        stream.leave();
        // HAProxy notices it when it sends the second comment line.
        await expect.poll(waitingCalls, { timeout: LONGEST_SILENCE_MILLISECONDS }).toEqual([]);
      },
      name,
    );

    verifies(
      'proxies.address',
      async () => {
        const grant: Grant = { actions: ['models:read'], models: ['*'] };
        const near = await createToken(server, 'near', { ...grant, networks: [`${CALLER}/32`] });
        const far = await createToken(server, 'far', { ...grant, networks: ['203.0.113.0/24'] });
        const url = `${proxy.url}/v1/models`;
        expect(await statusFrom(url, { Authorization: `Bearer ${near.token}` })).toBe(200);
        const invented = { Authorization: `Bearer ${far.token}`, 'X-Forwarded-For': '203.0.113.9' };
        expect(await statusFrom(url, invented)).toBe(403);
      },
      name,
    );

    verifies(
      'proxies.body',
      async () => {
        const image = `data:image/png;base64,${'A'.repeat(3_000_000)}`;
        const content = [{ type: 'image_url', image_url: { url: image } }];
        const { status, body } = await createApi(proxy.url, server.adminToken).post('/v1/chat/completions', {
          model: 'latchkey/nano',
          messages: [{ role: 'user', content }],
        });
        // The server's own answer: its model has no eyes.
        expect(status).toBe(400);
        expect(body.error.message).toContain('image');
      },
      name,
    );

    verifies(
      'proxies.restart',
      async () => {
        const data = join(folder.path, `restarted-${name}`);
        const first = await startServer({ data, config: CONFIG });
        await using before = await startProxy(name, block, first.url);
        const api = createApi(before.url, first.adminToken);
        expect((await api.get('/v1/models')).status).toBe(200);
        await first[Symbol.asyncDispose]();
        await expect.poll(async () => (await fetch(`${before.url}/live`)).status).toBeGreaterThanOrEqual(502);
        await using second = await startServer({ data, config: CONFIG, flags: ['--port', new URL(first.url).port] });
        expect(second.url).toBe(first.url);
        await expect.poll(async () => (await fetch(`${before.url}/live`)).status).toBe(200);
        expect((await api.get('/v1/models')).status).toBe(200);
      },
      name,
    );
  });
}

describe.runIf(hasProxy('nginx'))('nginx, configured otherwise', () => {
  const [block = '', withoutPassword = '', path = ''] = blocksOf('nginx');

  verifies('proxies.password', async () => {
    using files = createTemporaryFolder();
    const users = join(files.path, 'users');
    writeFileSync(users, 'ann:{PLAIN}secret\n', { mode: 0o644 });
    const asks = `auth_basic models; auth_basic_user_file ${users};`;
    await using proxy = await startProxy('nginx', block.replace('}', `${asks} ${withoutPassword} }`), server.url);
    const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${proxy.url}/v1/models`, { headers })).status;
    expect(await status({ 'x-api-key': server.adminToken })).toBe(401);
    expect(await status({ Authorization: basic, 'x-api-key': server.adminToken })).toBe(200);
    expect(await status({ Authorization: basic })).toBe(401);
  });

  verifies('proxies.path', async () => {
    await using below = await startServer({
      config: {
        ...CONFIG,
        publicUrl: 'https://ai.example.com/llm',
        oauth: { authorizationServers: ['https://id.example.com'] },
      },
    });
    await using proxy = await startProxy('nginx', `location = /live { proxy_pass ${below.url}; } ${path}`, below.url);
    const api = createApi(`${proxy.url}/llm`, below.adminToken);
    expect((await api.get('/v1/models')).status).toBe(200);
    const { headers } = await createApi(`${proxy.url}/llm`, undefined).post('/mcp', {});
    expect(headers.get('www-authenticate')).toContain('https://ai.example.com/llm/');
  });
});
