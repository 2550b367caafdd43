import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { parseEventOrder } from '../support/event-grammar.ts';
import type { Json } from '../support/json.ts';
import { runLatchkey, spawnLatchkey } from '../support/latchkey-command.ts';
import { recording } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';
import { watchLines } from '../support/watched-lines.ts';

let folder: TemporaryFolder;
let server: TestServer;
let agent: HeldToken;
let boss: HeldToken;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({ mcpServers: { notes: recording(join(folder.path, 'calls')) } });
  ({ agent, boss } = await createTokens(server));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const ECHO = { approval: 'ask', arguments: { message: { pattern: '^red' } } };

async function createTokens(of: TestServer): Promise<{ readonly agent: HeldToken; readonly boss: HeldToken }> {
  return {
    agent: await createToken(of, 'agent', withTools({ 'mcp/notes': { echo: ECHO } })),
    boss: await createToken(of, 'boss', {
      actions: ['approvals:decide'],
      mcp: { 'mcp/notes': { tools: { '*': {} } } },
    }),
  };
}

const chat = { input: 'Echo red fox', integrations: ['mcp/notes'] };

/** The calls that have reached the MCP server. */
const callsThatArrived = (): readonly Json[] => {
  const file = join(folder.path, 'calls');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

const environment = (token: string): Record<string, string> => ({
  HOME: folder.path,
  USERPROFILE: folder.path,
  LATCHKEY_URL: server.url,
  LATCHKEY_API_TOKEN: token,
});

/** Runs `latchkey approvals …` as the one who decides. */
const approvals = (...args: readonly string[]) =>
  runLatchkey(['approvals', ...args], { environment: environment(boss.token) });

describe('a call that needs approval', () => {
  verifies('approvals.approve', async () => {
    const before = callsThatArrived().length;
    const stream = await agent.stream(chat);
    const waiting = await stream.until('tool_call.approval_required');
    expect(waiting).toMatchObject({
      approval_id: expect.any(String),
      tool: 'echo',
      arguments: { message: 'red fox' },
      provider_info: { type: 'plugin', plugin_id: 'mcp/notes' },
    });
    const listed = await approvals();
    expect(listed.stdout).toContain(waiting.approval_id);
    expect(listed.stdout).toContain('red fox');
    expect(callsThatArrived()).toHaveLength(before);

    expect(await approvals('approve', waiting.approval_id)).toMatchObject({ exitCode: 0 });
    const types = parseEventOrder(await stream.all());
    expect(types).toContain('tool_call.success');
    expect(callsThatArrived()).toHaveLength(before + 1);
    expect((await approvals('--json')).stdout.trim()).toBe('[]');
  });

  verifies('approvals.changed', async () => {
    const before = callsThatArrived().length;
    const stream = await agent.stream(chat);
    const { approval_id: id } = await stream.until('tool_call.approval_required');
    const refused = await approvals('approve', id, '--arguments', '{"message": "blue fox"}');
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('still waits') });
    const approved = await approvals('approve', id, '--arguments', '{"message": "red hen"}');
    expect(approved).toMatchObject({ exitCode: 0, stderr: '' });
    const success = (await stream.all()).find(({ data }) => data.type === 'tool_call.success');
    expect(success?.data).toMatchObject({ arguments: { message: 'red hen' } });
    expect(callsThatArrived().slice(before)).toEqual([{ tool: 'echo', args: { message: 'red hen' } }]);
  });

  verifies('approvals.deny', async () => {
    const before = callsThatArrived().length;
    const stream = await agent.stream(chat);
    const { approval_id: id } = await stream.until('tool_call.approval_required');
    const listed = await approvals('list', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id, tool: 'echo' }]);
    expect(await approvals('--json')).toEqual(listed);
    expect(await approvals('deny', id)).toMatchObject({ exitCode: 0 });
    const events = (await stream.all()).map(({ data }) => data);
    expect(events.find(({ type }) => type === 'tool_call.failure')).toMatchObject({
      reason: expect.stringContaining('a person has denied'),
    });
    expect(events.at(-1)?.type).toBe('chat.end');
    expect(callsThatArrived()).toHaveLength(before);
    const types = (await server.admin.get('/api/v1/audit?limit=1000')).body.entries.map(({ type }: Json) => type);
    expect(types).toEqual(expect.arrayContaining(['approval.requested', 'approval.approved', 'approval.denied']));
  });

  verifies('approvals.watch', async () => {
    const watching = spawnLatchkey(['approvals', '--watch', '--json'], { environment: environment(boss.token) });
    if (watching.stdout === null) throw new Error('The command has no output.');
    const lines = watchLines(watching.stdout);
    const stream = await agent.stream(chat);
    const { approval_id: id } = await stream.until('tool_call.approval_required');
    const requested = JSON.parse(await lines.find((line) => line.includes(id)));
    expect(requested).toMatchObject({ type: 'approval.requested', approval: { id, tool: 'echo' } });
    stream.leave();
    expect(await approvals('deny', id)).toMatchObject({ exitCode: 0 });
    const ended = await lines.find((line) => line.includes('approval.ended'));
    expect(JSON.parse(ended)).toEqual({ type: 'approval.ended', id, outcome: 'denied' });
    watching.kill();
  });

  verifies('approvals.stranger', async () => {
    const stream = await agent.stream(chat);
    const { approval_id: id } = await stream.until('tool_call.approval_required');
    const stranger = await createToken(server, 'stranger', { actions: ['approvals:decide'] });
    expect((await stranger.get('/api/v1/approvals')).body).toEqual({ approvals: [] });
    expect((await stranger.post(`/api/v1/approvals/${id}`, { decision: 'approve' })).status).toBe(404);
    expect((await agent.post(`/api/v1/approvals/${id}`, { decision: 'approve' })).status).toBe(403);
    stream.leave();
  });

  verifies('approvals.tighten', async () => {
    const free = await createToken(server, 'free', withTools({ 'mcp/notes': { echo: {} } }));
    const integration = { type: 'plugin', id: 'mcp/notes', require_approval: 'always' };
    const stream = await free.stream({ ...chat, integrations: [integration] });
    const { approval_id: id } = await stream.until('tool_call.approval_required');
    expect((await boss.post(`/api/v1/approvals/${id}`, { decision: 'approve' })).status).toBe(200);
    expect((await stream.all()).map(({ data }) => data.type)).toContain('tool_call.success');
  });

  verifies('approvals.return', async () => {
    const data = join(folder.path, 'killed');
    const options = { data, mcpServers: { notes: recording(join(folder.path, 'returned')) } };
    const { told, tokens } = await (async () => {
      await using killed = await startServer(options);
      const tokens = await createTokens(killed);
      const stream = await tokens.agent.stream(chat);
      const told = await stream.until('tool_call.approval_required');
      killed.signal('SIGKILL');
      await killed.exited;
      return { told, tokens };
    })();

    await using server = await startServer(options);
    const boss = createApi(server.url, tokens.boss.token);
    const waiting = (await boss.get('/api/v1/approvals')).body.approvals;
    expect(waiting).toMatchObject([{ id: told.approval_id, arguments: { message: 'red fox' } }]);
    expect((await boss.post(`/api/v1/approvals/${told.approval_id}`, { decision: 'approve' })).status).toBe(202);
    expect(existsSync(join(folder.path, 'returned'))).toBe(false);

    const returned = await createApi(server.url, tokens.agent.token).stream({
      ...chat,
      input: undefined,
      previous_response_id: told.response_id,
    });
    const types = parseEventOrder(await returned.all());
    expect(types.indexOf('tool_call.success')).toBeLessThan(types.indexOf('prompt_processing.start'));
    const calls = readFileSync(join(folder.path, 'returned'), 'utf8').trim().split('\n');
    expect(calls).toEqual([JSON.stringify({ tool: 'echo', args: { message: 'red fox' } })]);
  });

  verifies('approvals.timeout', async () => {
    await using impatient = await startServer({
      config: { limits: { approvalSeconds: 0.1 } },
      mcpServers: { notes: recording(join(folder.path, 'none')) },
    });
    const stream = await (await createTokens(impatient)).agent.stream(chat);
    expect(await stream.until('tool_call.failure')).toMatchObject({
      reason: expect.stringContaining('no answer came in time'),
    });
    stream.leave();
    expect(existsSync(join(folder.path, 'none'))).toBe(false);
  });

  verifies('approvals.shutdown', async () => {
    await using stopping = await startServer({
      // Too long for this test: what waits must not be waited for.
      config: { limits: { shutdownSeconds: 3600 } },
      mcpServers: { notes: recording(join(folder.path, 'none')) },
    });
    const stream = await (await createTokens(stopping)).agent.stream(chat);
    await stream.until('tool_call.approval_required');
    stopping.signal('SIGTERM');
    const events = (await stream.all()).map(({ data }) => data);
    expect(events.find(({ type }) => type === 'error')).toMatchObject({
      error: { message: expect.stringContaining('goes on waiting') },
    });
    expect(events.at(-1)?.result).toMatchObject({ response_id: expect.stringMatching(/^resp_/) });
    expect(await stopping.exited).toEqual({ exitCode: 0, signal: null });
    expect(existsSync(join(folder.path, 'none'))).toBe(false);
  });
});
