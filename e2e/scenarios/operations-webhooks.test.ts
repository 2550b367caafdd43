import { createHmac } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, statSync, truncateSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { recording, scripted } from '../support/mcp-servers.ts';
import { modelsFolder, NANO, startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const KEY = Buffer.alloc(32, 9);
const environment = { HOOK_SECRET: `whsec_${KEY.toString('base64')}` };

/** What takes messages, and refuses the first of each id, as a receiver that has just been restarted does. */
async function openReceiver() {
  const messages: Json[] = [];
  const seen = new Set<string>();
  const forged: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request.headers;
    const expected = `v1,${createHmac('sha256', KEY).update(`${id}.${at}.${body}`).digest('base64')}`;
    if (signature !== expected) forged.push(body);
    const isNew = !seen.has(String(id));
    seen.add(String(id));
    if (!isNew) messages.push(JSON.parse(body));
    response.writeHead(isNew ? 503 : 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    messages,
    forged,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    find: (type: string) => messages.find((message) => message.type === type)?.data,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const configFor = (url: string, allowPrivateHosts: readonly string[]) => ({
  webhooks: {
    endpoints: { 'on-call': { url, secretVariable: 'HOOK_SECRET' } },
    allowPrivateHosts: [...allowPrivateHosts],
  },
});

describe('webhooks', () => {
  verifies('operating.webhooks', async () => {
    using folder = createTemporaryFolder();
    await using receiver = await openReceiver();
    const models = join(folder.path, 'models');
    cpSync(modelsFolder, models, { recursive: true });
    mkdirSync(join(models, 'acme'));
    const damaged = join(models, 'acme', 'damaged.gguf');
    copyFileSync(join(models, `${NANO}.gguf`), damaged);
    truncateSync(damaged, statSync(damaged).size - 1000);
    await using server = await startServer({
      environment,
      config: {
        ...configFor(receiver.url, ['127.0.0.1']),
        models,
        // Nothing listens there.
        upstreams: { gone: { urls: ['http://127.0.0.1:9/v1'] } },
      },
      mcpServers: {
        notes: recording(join(folder.path, 'calls')),
        flips: scripted('flip', 'promise'),
        broken: { command: 'false', args: [] },
      },
    });
    const spender = await createToken(server, 'spender', { ...CHAT_GRANT, limits: { tokensPerDay: 60 } });
    const chats = [await spender.chat({ input: 'hi', max_output_tokens: 8 })];
    while (chats.at(-1)?.status === 200) chats.push(await spender.chat({ input: 'hi', max_output_tokens: 8 }));
    expect(chats.at(-1)?.status).toBe(429);

    const agent = await createToken(server, 'agent', withTools({ 'mcp/notes': { echo: { approval: 'ask' } } }));
    const asking = await agent.stream({ input: 'Echo red fox', integrations: ['mcp/notes'] });
    await asking.until('tool_call.approval_required');

    const use = (id: string, ...tools: readonly string[]) =>
      server.admin.chat({ input: `Use ${tools[0]}.`, integrations: [{ type: 'plugin', id, allowed_tools: tools }] });
    await use('mcp/broken', 'echo');
    await use('mcp/flips', 'structured');
    await use('mcp/flips', 'announce');

    expect((await server.admin.chat({ model: 'acme/damaged', input: 'hi' })).status).toBe(500);

    const types = ['approval.waiting', 'budget.reached', 'server.unhealthy', 'engine.unhealthy', 'definition.changed'];
    await expect
      .poll(() => types.filter((type) => receiver.find(type) !== undefined), { timeout: 60_000 })
      .toEqual(types);
    expect(receiver.find('approval.waiting')).toMatchObject({
      server: 'mcp/notes',
      tool: 'echo',
      token: { name: 'agent' },
    });
    const engines = () =>
      receiver.messages.filter(({ type }) => type === 'engine.unhealthy').map(({ data }) => [data.model, data.error]);
    await expect.poll(engines, { timeout: 20_000 }).toEqual(
      expect.arrayContaining([
        ['acme/damaged', expect.any(String)],
        [null, expect.stringContaining('http://127.0.0.1:9/v1 cannot be reached')],
      ]),
    );
    expect(engines()).toHaveLength(2);
    expect(receiver.find('server.unhealthy')).toMatchObject({ server: 'mcp/broken' });
    expect(receiver.find('definition.changed')).toMatchObject({ server: 'mcp/flips', tool: 'echo' });
    const percents = () =>
      receiver.messages.filter(({ type }) => type === 'budget.reached').map(({ data }) => data.percent);
    await expect.poll(percents, { timeout: 20_000 }).toEqual(expect.arrayContaining([80, 100]));
    expect(percents()).toHaveLength(2);
    expect(receiver.forged).toEqual([]);
    expect(JSON.stringify(receiver.messages)).not.toContain('red fox');
  });

  verifies('operating.webhooks-inward', async () => {
    await using receiver = await openReceiver();
    using folder = createTemporaryFolder();
    const data = join(folder.path, 'data');
    {
      await using server = await startServer({
        data,
        environment,
        config: configFor(receiver.url.replace('http', 'https'), []),
      });
      const spender = await createToken(server, 'spender', { ...CHAT_GRANT, limits: { tokensPerDay: 30 } });
      while ((await spender.chat({ input: 'hi', max_output_tokens: 8 })).status === 200);
      await expect
        .poll(() => server.log.lines.join('\n'), { timeout: 20_000 })
        .toContain('not one that may be reached');
    }
    // Without TLS, a host must be listed, and a secret must be one.
    for (const [config, variables, problem] of [
      [configFor(receiver.url, []), environment, 'http:// is for hosts that webhooks.allowPrivateHosts lists'],
      [configFor(receiver.url, ['127.0.0.1']), { HOOK_SECRET: 'secret' }, 'HOOK_SECRET must be whsec_'],
    ] as const) {
      await expect(startServer({ environment: variables, config })).rejects.toThrow(problem);
    }
    expect(receiver.messages).toEqual([]);
  });
});
