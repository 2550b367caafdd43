import { expect } from 'vitest';
import type { Answer } from '../support/api.ts';
import { scripted } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { verifies } from '../support/verifies.ts';

const use = (server: TestServer, tool: string, more: object = {}): Promise<Answer> =>
  server.admin.chat({
    input: `Use ${tool}.`,
    integrations: ['mcp/a'],
    ...more,
  });

verifies('taint.stops', async () => {
  await using server = await startServer({
    config: { taint: 'deny', toolLabels: { 'mcp/a': { structured: ['untrusted', 'egress'] } } },
    mcpServers: { a: scripted() },
  });
  const first = await use(server, 'structured');
  expect(first.body.output[0]).toMatchObject({ type: 'tool_call', tool: 'structured' });
  const second = await use(server, 'structured', { previous_response_id: first.body.response_id });
  expect(second.body.output[0]).toMatchObject({
    type: 'invalid_tool_call',
    reason: expect.stringContaining('untrusted content (an earlier answer of this conversation)'),
  });
  expect((await use(server, 'structured')).body.output[0]).toMatchObject({ type: 'tool_call', tool: 'structured' });
});

verifies('taint.named', async () => {
  await using server = await startServer({
    config: { taint: 'deny', toolLabels: { 'mcp/a': { strucured: ['untrusted'], structured: ['egress'] } } },
    mcpServers: { a: scripted() },
  });
  const { body } = await server.admin.get('/api/v1/mcp/servers?start=true');
  expect(body.servers[0].problems).toEqual([
    'toolLabels: "strucured" under "mcp/a" names no tool, so its labels mean nothing',
  ]);
});
