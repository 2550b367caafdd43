import { describe, expect } from 'vitest';
import { recording, scripted } from '../support/mcp-servers.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { startServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const servers = '/api/v1/mcp/servers';

describe('the sandbox of an MCP server', () => {
  verifies('sandbox.layers', async () => {
    const remote = { url: 'https://mcp.example.com/mcp', headers: {} };
    await using server = await startServer({
      mcpServers: { held: scripted(), free: { ...scripted(), sandbox: 'off' }, remote },
    });
    await expect
      .poll(async () =>
        (await server.admin.get(servers)).body.servers.map(({ sandbox }: { sandbox: object }) => sandbox),
      )
      .toMatchObject([
        // The others are where they work.
        { layers: expect.arrayContaining(['process group']), network: true },
        { layers: ['process group'], network: true, missing: 'its entry says "off"' },
        null,
      ]);
  });

  verifies('sandbox.missing', async () => {
    const folder = createTemporaryFolder();
    await using server = await startServer({
      // Nothing is found there.
      environment: { PATH: folder.path },
      mcpServers: { strict: { ...scripted(), sandbox: {} }, lenient: scripted() },
    });
    const { body } = await server.admin.get(`${servers}?start=true`);
    expect(body.servers).toMatchObject([
      { error: 'its sandbox is missing: bubblewrap (bwrap) is not installed', tools: null },
      { state: 'ready', sandbox: { layers: ['process group'] } },
    ]);
    folder[Symbol.dispose]();
  });

  verifies('sandbox.killed', async () => {
    const folder = createTemporaryFolder();
    const data = `${folder.path}/data`;
    const mcpServers = {
      held: scripted('ignore-end'),
      free: { ...scripted('ignore-end'), sandbox: 'off' as const },
      calls: recording(`${folder.path}/calls`),
    };
    const started = await (async () => {
      await using server = await startServer({ data, mcpServers });
      await server.admin.get(`${servers}?start=true`);
      const found = descendantsOf(server.pid);
      server.signal('SIGKILL');
      await server.exited;
      return found;
    })();
    expect(started.length).toBeGreaterThanOrEqual(3);
    await expect.poll(() => started.filter(isRunning)).toEqual([]);
    folder[Symbol.dispose]();
  });
});
