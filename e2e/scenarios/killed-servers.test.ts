import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { spawnLatchkey } from '../support/latchkey-command.ts';
import { recording } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';
import { watchLines } from '../support/watched-lines.ts';

const CHAT = { input: 'Echo red fox', integrations: ['mcp/notes'] };
const TOOLS = withTools({ 'mcp/notes': { echo: { approval: 'ask' } } });
const DECIDER = { actions: ['approvals:decide' as const], mcp: { 'mcp/notes': { tools: { '*': {} } } } };

async function kill(server: TestServer): Promise<void> {
  server.signal('SIGKILL');
  await server.exited;
}

describe('a server that is killed and started again', () => {
  verifies('approvals.watch-killed', async () => {
    using folder = createTemporaryFolder();
    const data = join(folder.path, 'data');
    const start = () => startServer({ data, mcpServers: { notes: recording(join(folder.path, 'calls')) } });
    let server = await start();
    const agent = await createToken(server, 'agent', TOOLS);
    const boss = await createToken(server, 'boss', DECIDER);
    const watching = spawnLatchkey(['approvals', '--watch', '--json', '--data', data], {
      environment: { HOME: folder.path, USERPROFILE: folder.path, LATCHKEY_API_TOKEN: boss.token },
    });
    if (watching.stdout === null || watching.stderr === null) throw new Error('The command has no output.');
    const [lines, remarks] = [watchLines(watching.stdout), watchLines(watching.stderr)];
    const asks = async (): Promise<string> => {
      const stream = await createApi(server.url, agent.token).stream(CHAT);
      const { approval_id: id } = await stream.until('tool_call.approval_required');
      await lines.find((line) => line.includes('approval.requested') && line.includes(id));
      stream.leave();
      return id;
    };
    const [decided, waits] = [await asks(), await asks()];
    await kill(server);
    await remarks.find((line) => line.includes('Connecting again'));
    // Started again, it is told of the decision before the one who watches has found it.
    watching.kill('SIGSTOP');
    server = await start();
    await using _server = server;
    const answer = await createApi(server.url, boss.token).post(`/api/v1/approvals/${decided}`, { decision: 'deny' });
    expect(answer.status).toBeLessThan(300);
    watching.kill('SIGCONT');

    const ended = JSON.parse(await lines.find((line) => line.includes('approval.ended')));
    expect(ended).toEqual({ type: 'approval.ended', id: decided, outcome: 'denied' });
    const next = await asks();
    const told = lines.lines.map((line) => JSON.parse(line));
    expect(told.map(({ id, approval }) => id ?? approval.id)).toEqual([decided, waits, decided, next]);
    expect(remarks.lines.filter((line) => line.includes('onnect'))).toHaveLength(1);
    watching.kill();
  });

  verifies('usage.killed', async () => {
    using folder = createTemporaryFolder();
    const data = join(folder.path, 'data');
    const start = () => startServer({ data, mcpServers: { notes: recording(join(folder.path, 'calls')) } });
    const server = await start();
    const agent = await createToken(server, 'agent', TOOLS);
    const chat = () => createApi(server.url, agent.token).chat({ input: 'Hello' });
    const done = [await chat(), await chat()];
    // Its first round is over, and its call waits.
    const stream = await createApi(server.url, agent.token).stream(CHAT);
    await stream.until('tool_call.approval_required');
    // Asking the server would have it write.
    const written = (): { requests: number; output: number } => {
      using database = new DatabaseSync(join(data, 'latchkey.db'), { readOnly: true });
      const sql = 'select coalesce(sum(requests), 0) requests, coalesce(sum(output_tokens), 0) output from usage_days';
      return database.prepare(sql).get() as { requests: number; output: number };
    };
    await expect.poll(() => written().requests, { timeout: 60_000 }).toBe(3);
    const counts = written();
    const whole = done.reduce((sum, { body }) => sum + body.stats.total_output_tokens, 0);
    expect(counts.output).toBeGreaterThan(whole);
    await kill(server);
    await using again = await start();
    expect((await again.admin.get('/api/v1/usage')).body.totals).toMatchObject({
      requests: 3,
      outputTokens: counts.output,
    });
  });
});
