import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { enginePid, LONG_TALK } from '../support/engine.ts';
import type { Json } from '../support/json.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { tiktoken } from '../support/mcp-servers.ts';
import { NANO, startServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
beforeAll(() => {
  folder = createTemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

const tools = withTools({ 'mcp/tiktoken': { 'fetch_*': {} } });
const grant = { ...tools, actions: [...tools.actions, 'usage:read' as const] };
const usage = async (api: { get(path: string): Promise<{ body: Json }> }, query = ''): Promise<Json> =>
  (await api.get(`/api/v1/usage${query}`)).body;

describe('usage', () => {
  verifies('usage.counted', async () => {
    await using server = await startServer({ mcpServers: { tiktoken: tiktoken() } });
    const holder = await createToken(server, 'holder', grant);
    const question = 'What is the first line in the tiktoken documentation?';
    const first = await holder.chat({ input: question, integrations: ['mcp/tiktoken'] });
    const messages = [{ role: 'user', content: 'Hello' }];
    const second = await holder.post('/v1/chat/completions', { model: NANO, messages });
    const { total_output_tokens: output } = first.body.stats;
    expect((await usage(holder)).totals).toEqual({
      requests: 2,
      inputTokens: first.body.stats.input_tokens + second.body.usage.prompt_tokens,
      outputTokens: output + second.body.usage.completion_tokens,
      toolCalls: 1,
    });
    expect((await usage(holder, '?group=model')).rows).toMatchObject([{ model: NANO, requests: 2 }]);
    expect((await usage(server.admin, '?group=token')).rows).toMatchObject([{ token: holder.id, requests: 2 }]);
    const other = await createToken(server, 'other', grant);
    expect((await usage(other)).totals).toMatchObject({ requests: 0 });
  });

  verifies('usage.broken-off', async () => {
    await using server = await startServer();
    await enginePid(server);
    const holder = await createToken(server, 'holder', grant);
    const stream = await holder.stream(LONG_TALK);
    for (let read = 0; read < 20; read += 1) await stream.until('message.delta');
    stream.leave();
    await expect
      .poll(async () => (await usage(holder)).totals)
      .toMatchObject({ requests: 1, outputTokens: expect.any(Number) });
    expect((await usage(holder)).totals.outputTokens).toBeGreaterThan(0);
  });

  verifies('usage.kept', async () => {
    const data = join(folder.path, 'kept');
    const token = await (async () => {
      await using server = await startServer({ data });
      const holder = await createToken(server, 'holder', grant);
      await holder.chat({ input: 'Hello' });
      return holder.token;
    })();
    await using server = await startServer({ data });
    expect((await usage(createApi(server.url, token))).totals).toMatchObject({ requests: 1 });
  });

  verifies('command.usage', async () => {
    await using server = await startServer();
    const holder = await createToken(server, 'holder', grant);
    await holder.chat({ input: 'Hello' });
    const json = await runLatchkey(['usage', '--by', 'token', '--data', server.data, '--json']);
    expect(JSON.parse(json.stdout)).toEqual(await usage(server.admin, '?group=token'));
    const table = await runLatchkey(['usage', '--by', 'model', '--data', server.data]);
    expect(table.stdout).toMatch(new RegExp(`^MODEL .*\\n${NANO} +1 +\\d+ .*\\ntotal +1 +\\d+ .*\\n$`));
    const refused = await runLatchkey(['usage', '--from', 'yesterday', '--data', server.data]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^latchkey: 'from' is not valid[^\n]+\(HTTP 400\)\n$/);
  });
});
