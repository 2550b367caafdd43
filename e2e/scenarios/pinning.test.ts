import { afterAll, beforeAll, expect } from 'vitest';
import type { Answer } from '../support/api.ts';
import { type CommandOutcome, runLatchkey } from '../support/latchkey-command.ts';
import { scripted } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

const use = (server: TestServer, tool: string): Promise<Answer> =>
  server.admin.chat({
    input: `Use ${tool}.`,
    integrations: [{ type: 'plugin', id: 'mcp/a', allowed_tools: [tool] }],
  });
const pins = (server: TestServer, ...words: readonly string[]): Promise<CommandOutcome> =>
  runLatchkey(['mcp', ...words, '--data', server.data, '--url', server.url]);

verifies('pins.held-back', async () => {
  await using server = await startServer({ mcpServers: { a: scripted('flip', 'promise') } });
  expect((await use(server, 'structured')).body.output[0]).toMatchObject({ type: 'tool_call', tool: 'structured' });
  expect(await pins(server, 'diff', 'a')).toMatchObject({ exitCode: 0, stdout: '' });
  expect((await use(server, 'announce')).status).toBe(200);

  expect((await use(server, 'echo')).status).toBe(403);
  expect((await use(server, 'structured')).status).toBe(200);
  expect((await pins(server, 'list')).stderr).toContain("1 tool is held back; see 'latchkey mcp diff a'");
  const { stdout } = await pins(server, 'diff', 'a');
  expect(stdout).toContain('echo  changed');
  expect(stdout).toContain('-Version 1.\n  +Version 2.');
  expect(await pins(server, 'approve', 'a')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') });
  expect((await use(server, 'echo')).status).toBe(403);

  expect(await pins(server, 'approve', 'mcp/a', 'echo', '--yes')).toMatchObject({ exitCode: 0 });
  expect((await use(server, 'echo')).status).toBe(200);
  const audit = await runLatchkey([
    'audit',
    'list',
    '--type',
    'tool.approved',
    '--json',
    '--data',
    server.data,
    '--url',
    server.url,
  ]);
  expect(audit.stdout).toContain('mcp/a echo');
});

verifies('pins.kept', async () => {
  const data = `${folder.path}/kept`;
  {
    await using server = await startServer({ data, mcpServers: { a: scripted() } });
    expect((await use(server, 'structured')).status).toBe(200);
  }
  await using server = await startServer({ data, mcpServers: { a: scripted('flip') } });
  expect((await use(server, 'echo')).status).toBe(403);
  expect((await use(server, 'structured')).status).toBe(200);
});

verifies('pins.explicit', async () => {
  await using server = await startServer({ config: { mcpPins: 'explicit' }, mcpServers: { a: scripted() } });
  expect((await use(server, 'structured')).status).toBe(403);
  expect(await pins(server, 'approve', 'a', 'structured', '--yes', '--json')).toMatchObject({ exitCode: 0 });
  expect((await use(server, 'structured')).status).toBe(200);
  expect((await use(server, 'echo')).status).toBe(403);
});
