import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { createApi } from '../support/api.ts';
import type { ChatStream } from '../support/chat-stream.ts';
import { recording } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

// As many starts of a server as a chat has writes.
vi.setConfig({ testTimeout: 900_000 });

const PRELOAD = import.meta.resolve('../support/kill-at-write.ts');
/** A chat with an approved call has some dozen; a server that never gets to the end of one must not loop for ever. */
const MOST_WRITES = 200;
const CHAT = { input: 'Echo red fox', integrations: ['mcp/notes'] };

describe('a server that is killed', () => {
  verifies('turns.killed', async () => {
    using folder = createTemporaryFolder();
    const killAt = join(folder.path, 'kill-at');
    const file = join(folder.path, 'calls');
    const start = (): Promise<TestServer> =>
      startServer({
        data: join(folder.path, 'data'),
        mcpServers: { notes: recording(file) },
        nodeArguments: ['--import', PRELOAD],
        environment: { KILL_AT: killAt },
      });
    const calls = (): number => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0);

    let server = await start();
    const agent = await createToken(server, 'agent', withTools({ 'mcp/notes': { echo: { approval: 'ask' } } }));
    const grant = { actions: ['approvals:decide' as const], mcp: { 'mcp/notes': { tools: { '*': {} } } } };
    const boss = await createToken(server, 'boss', grant);

    /** Reads a stream to its end, and agrees to what waits; undefined when the server is gone. */
    async function follow(
      open: () => Promise<ChatStream>,
    ): Promise<{ readonly responseId?: string; readonly isWhole: boolean; readonly cause?: unknown }> {
      const told: { responseId?: string } = {};
      try {
        const stream = await open();
        for (;;) {
          const event = await stream.until('chat.start', 'tool_call.approval_required', 'chat.end');
          if (event.type === 'chat.end') return { ...told, isWhole: true };
          if (event.response_id !== undefined) told.responseId = event.response_id;
          if (event.type === 'tool_call.approval_required') await approve(event.approval_id);
        }
      } catch (cause) {
        return { ...told, isWhole: false, cause };
      }
    }
    const approve = (id: string) =>
      createApi(server.url, boss.token).post(`/api/v1/approvals/${id}`, { decision: 'approve' });
    const audited = async (): Promise<number> =>
      (await server.admin.get('/api/v1/audit?type=tool.called&limit=1000')).body.entries.length;

    let isWhole = false;
    let kills = 0;
    for (let write = 1; !isWhole && write <= MOST_WRITES; write += 1) {
      const before = { calls: calls(), audited: await audited() };
      writeFileSync(killAt, String(write));
      const chat = await follow(() => createApi(server.url, agent.token).stream(CHAT));
      rmSync(killAt);
      isWhole = chat.isWhole;
      if (!isWhole) {
        kills += 1;
        // A server that answers with an error was not killed, and would be waited for in vain.
        if (String(chat.cause).includes('Not a stream')) throw chat.cause;
        await server.exited;
        server = await start();
        const back = createApi(server.url, agent.token);
        for (const { id } of (await createApi(server.url, boss.token).get('/api/v1/approvals')).body.approvals) {
          await approve(id);
        }
        const { responseId } = chat;
        const goOn = { ...CHAT, input: undefined, previous_response_id: responseId };
        if (responseId !== undefined) {
          await follow(() => back.stream(goOn));
          await follow(() => back.stream(goOn));
        }
        const stored = responseId === undefined ? undefined : (await back.get(`/api/v1/responses/${responseId}`)).body;
        if (calls() > before.calls) expect(JSON.stringify(stored), `write ${write}`).toContain('"echo"');
      }
      expect(calls() - before.calls, `calls that were made when the server was killed at write ${write}`).toBeLessThan(
        2,
      );
      if (isWhole) break;
      expect(await audited(), `write ${write}`).toBeGreaterThanOrEqual(before.audited + calls() - before.calls);
    }
    await server[Symbol.asyncDispose]();
    expect(isWhole).toBe(true);
    // Before and after the approval, the call and each of its entries.
    expect(kills).toBeGreaterThan(10);
  });
});
