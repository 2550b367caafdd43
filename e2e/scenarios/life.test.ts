import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { enginePid, LONG_TALK } from '../support/engine.ts';
import { parseEventOrder } from '../support/event-grammar.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { tiktoken } from '../support/mcp-servers.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

/** Runs `latchkey serve`, which must refuse to start with one line, and gives that line. */
async function refusal(flags: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const data = join(folder.path, 'refused');
  const outcome = await runLatchkey(['serve', '--data', data, '--port', '0', ...flags], { environment });
  expect(outcome.stdout).toBe('');
  expect(outcome.exitCode).toBeGreaterThan(0);
  expect(outcome.stderr).toMatch(/^latchkey: [^\n]+\n$/);
  return outcome.stderr;
}

describe('latchkey serve', () => {
  verifies('life.ready-line', async () => {
    await using server = await startServer();
    await server.admin.chat({ input: 'Hello' });
    server.signal('SIGTERM');
    await server.exited;
    expect(server.stdout.lines).toEqual([`latchkey listening on ${server.url}`]);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    for (const line of server.log.lines) expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    verifies(
      'life.finishes',
      async () => {
        await using server = await startServer();
        await enginePid(server);
        const stream = await server.admin.stream({ ...LONG_TALK, max_output_tokens: 300 });
        await stream.until('message.delta');
        const children = descendantsOf(server.pid);
        server.signal(signal);
        await server.log.find((line) => line.includes('"stopping'));
        await expect(server.admin.get('/health')).rejects.toThrow('fetch failed');
        const events = await stream.all();
        parseEventOrder(events);
        expect(events.at(-1)?.data.result.stats.total_output_tokens).toBe(300);
        expect(await server.exited).toEqual({ exitCode: 0, signal: null });
        expect(children.filter(isRunning)).toEqual([]);
      },
      signal,
    );
  }

  verifies('life.bounded', async () => {
    await using server = await startServer({ config: { limits: { shutdownSeconds: 0.1 } } });
    await enginePid(server);
    const stream = await server.admin.stream(LONG_TALK);
    await stream.until('message.delta');
    const children = descendantsOf(server.pid);
    server.signal('SIGTERM');
    const [error, end] = (await stream.all()).slice(-2).map(({ data }) => data);
    expect(error).toMatchObject({ type: 'error', error: { code: 'shutting_down' } });
    expect(end).toMatchObject({ type: 'chat.end' });
    expect(await server.exited).toEqual({ exitCode: 0, signal: null });
    expect(children.filter(isRunning)).toEqual([]);
  });

  verifies('life.killed', async () => {
    await using server = await startServer({ mcpServers: { tiktoken: tiktoken() } });
    const pid = await enginePid(server);
    server.signal('SIGKILL');
    await server.exited;
    // The model sees that its server is gone.
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  verifies('life.no-auth', async () => {
    await using server = await startServer({ flags: ['--no-auth'], mcpServers: { tiktoken: tiktoken() } });
    const anybody = createApi(server.url, undefined);
    expect((await anybody.chat({ input: 'Hello' })).status).toBe(200);
    expect((await anybody.get('/api/v1/models')).body.models).toHaveLength(1);
    expect((await anybody.get('/api/v1/whoami')).body.name).toBe('anonymous');
    const denied = { status: 403, body: { error: { code: 'permission_denied' } } };
    expect(await anybody.chat({ input: 'Hello', integrations: ['mcp/tiktoken'] })).toMatchObject(denied);
    expect(await anybody.get('/api/v1/tokens')).toMatchObject(denied);
    expect(await anybody.post('/api/v1/tokens', { name: 'x', grant: { actions: ['*'] } })).toMatchObject(denied);
    // Tokens count for nothing here: those of nobody are no obstacle, and the administrator's is no key.
    expect((await createApi(server.url, 'sk-lm-oops').chat({ input: 'Hello' })).status).toBe(200);
    expect(await server.admin.get('/api/v1/tokens')).toMatchObject(denied);
  });

  for (const host of ['0.0.0.0', '::', 'example.com']) {
    verifies(
      'life.open-network',
      async () => {
        const line = await refusal(['--no-auth', '--host', host]);
        expect(line).toContain(host);
        expect(line).toContain('--allow-unauthenticated-network');
      },
      host,
    );
  }

  verifies('life.configuration', async () => {
    const file = join(folder.path, 'config.json');
    const inFile = async (settings: unknown): Promise<string> => {
      writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify(settings));
      return refusal(['--config', file]);
    };
    expect(await inFile({ prot: 1 })).toMatch(/config\.json: prot: /);
    expect(await inFile({ limits: { toolSeconds: 'long' } })).toMatch(/config\.json: limits\.toolSeconds: /);
    expect(await inFile('{')).toMatch(/config\.json: not valid JSON/);
    expect(await inFile({ policy: { actions: ['fly'] } })).toContain('actions');
    expect(await refusal(['--config', join(folder.path, 'absent.json')])).toMatch(
      /absent\.json: there is nothing there \(ENOENT\)/,
    );
    expect(await refusal(['--port', '70000'])).toMatch(/--port: must be at most 65535, not 70000/);
    expect(await refusal([], { LATCHKEY_AUTH: 'perhaps' })).toMatch(
      /LATCHKEY_AUTH: must be true or false, not 'perhaps'/,
    );
    writeFileSync(join(folder.path, 'mcp.json'), '{"mcpServers":{}, "servers":{}}');
    expect(await refusal(['--mcp', join(folder.path, 'mcp.json')])).toMatch(/mcp\.json: servers means the same/);
  });

  verifies('life.port', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    expect(await refusal(['--port', String(port)])).toContain(`Port ${port} of 127.0.0.1 is in use`);
    squatter.close();
  });

  verifies('life.sole', async () => {
    await using server = await startServer();
    const second = await runLatchkey(['serve', '--data', server.data, '--port', '0']);
    expect(second).toMatchObject({ exitCode: 8, stdout: '' });
    expect(second.stderr).toMatch(/^latchkey: [^\n]+\n$/);
    expect(second.stderr).toContain(`${server.url}, process ${server.pid}`);
    expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
  });

  verifies('life.old-node', async () => {
    const file = join(folder.path, 'old-node.cjs');
    const oldVersions = '{ ...process.versions, node: "20.11.0" }';
    writeFileSync(file, `Object.defineProperty(process, "versions", { value: ${oldVersions} });`);
    const outcome = await runLatchkey(['--version'], { nodeArguments: ['--require', file] });
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/^latchkey needs Node 22\.18 or newer; [^\n]+\n$/);
  });
});
