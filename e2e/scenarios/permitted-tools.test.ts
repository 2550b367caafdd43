import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { recording, tiktoken } from '../support/mcp-servers.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
let reader: HeldToken;
let guest: HeldToken;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({ mcpServers: { tiktoken: tiktoken(), My_Notes: recording(join(folder.path, 'calls')) } });
  guest = await createToken(server, 'guest', CHAT_GRANT);
  reader = await createToken(
    server,
    'reader',
    withTools({
      'mcp/tiktoken': { 'fetch_*': {} },
      'mcp/my-notes': { fetch_note: {}, echo: { arguments: { message: { pattern: '^red' } } } },
    }),
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const input = 'What is the first line in the tiktoken documentation?';
const plugin = (id: string, ...tools: readonly string[]) => ({
  type: 'plugin',
  id,
  ...(tools.length === 0 ? {} : { allowed_tools: tools }),
});
/** The calls that have reached the recording server. */
const callsThatArrived = (): readonly { tool: string; args: object }[] => {
  const file = join(folder.path, 'calls');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('integrations', () => {
  verifies('chat.integration-notations', async () => {
    for (const notation of ['mcp/my-notes', plugin('mcp/my-notes'), 'mcp/My_Notes']) {
      const { body } = await reader.chat({ input: 'Fetch the note.', integrations: [notation] });
      expect(body.output[0]).toMatchObject({
        type: 'tool_call',
        tool: 'fetch_note',
        provider_info: { type: 'plugin', plugin_id: 'mcp/my-notes' },
      });
    }
  });

  verifies('tools.whole-plugin', async () => {
    const narrow = await reader.chat({ input, integrations: [plugin('mcp/tiktoken', 'fetch_tiktoken_documentation')] });
    const whole = await reader.chat({ input, integrations: ['mcp/tiktoken'] });
    const all = await server.admin.chat({ input, integrations: ['mcp/tiktoken'] });
    expect(whole.body.output[0]).toMatchObject({ tool: 'fetch_tiktoken_documentation' });
    // The definitions are part of the prompt: as many tokens mean the same tools, more mean more.
    expect(whole.body.stats.input_tokens).toBe(narrow.body.stats.input_tokens);
    expect(all.body.stats.input_tokens).toBeGreaterThan(whole.body.stats.input_tokens);
  });

  verifies('tools.none-granted', async () => {
    for (const integration of ['mcp/tiktoken', plugin('mcp/tiktoken', 'fetch_tiktoken_documentation')]) {
      for (const stream of [false, true]) {
        const { status, body } = await guest.chat({ input, integrations: [integration], stream });
        expect(status).toBe(403);
        expect(body.error).toMatchObject({ type: 'invalid_request', code: 'permission_denied', param: 'integrations' });
        expect(body.error.message).toMatch(/mcp\/tiktoken.*token guest/);
      }
    }
  });

  verifies('tools.no-existence', async () => {
    const [forbidden, absent] = await Promise.all(
      ['search_tiktoken_documentation', 'no_such_tool'].map(async (tool) => {
        const { status, body } = await reader.chat({ input, integrations: [plugin('mcp/tiktoken', tool)] });
        expect(body.error.message).toContain(tool);
        return JSON.stringify({ status, body }).replaceAll(tool, 'TOOL');
      }),
    );
    expect(forbidden).toBe(absent);
    expect(JSON.parse(forbidden ?? '')).toMatchObject({ status: 403, body: { error: { code: 'permission_denied' } } });
  });

  verifies('tools.ephemeral', async () => {
    const integration = { type: 'ephemeral_mcp', server_label: 'mine', server_url: 'https://mcp.example.com/mcp' };
    for (const holder of [reader, server.admin]) {
      const { status, body } = await holder.chat({ input, integrations: [integration] });
      expect(status).toBe(403);
      expect(body.error).toMatchObject({ code: 'permission_denied', param: 'integrations' });
    }
  });

  verifies('tools.unknown-plugin', async () => {
    const answer = await server.admin.chat({ input, integrations: ['mcp/no-such-server'] });
    expect(answer).toMatchObject({
      status: 404,
      body: { error: { type: 'plugin_connection_error', code: 'plugin_not_found', param: 'integrations' } },
    });
    const [forbidden, absent] = await Promise.all(
      ['mcp/tiktoken', 'mcp/no-such-server'].map(async (id) => {
        const { status, body } = await guest.chat({ input, integrations: [id] });
        return JSON.stringify({ status, body }).replaceAll(id, 'ID');
      }),
    );
    expect(forbidden).toBe(absent);
  });
});

describe('a call', () => {
  const ask = (text: string) => ({ input: `Echo ${text}`, integrations: ['mcp/my-notes'] });

  verifies('tools.arguments', async () => {
    const before = callsThatArrived().length;
    const allowed = await reader.chat(ask('red fox'));
    expect(allowed.body.output[0]).toMatchObject({
      type: 'tool_call',
      tool: 'echo',
      arguments: { message: 'red fox' },
    });
    expect(callsThatArrived()).toHaveLength(before + 1);

    const events = (await (await reader.stream(ask('blue fox'))).all()).map(({ data }) => data);
    const failures = events.filter(({ type }) => type === 'tool_call.failure');
    expect(failures[0]).toMatchObject({
      reason: expect.stringContaining('token reader'),
      metadata: { type: 'invalid_arguments', tool_name: 'echo', arguments: { message: 'blue fox' } },
    });
    expect(events.map(({ type }) => type)).not.toContain('tool_call.success');
    expect(events.at(-1)?.result.output).toContainEqual({
      type: 'invalid_tool_call',
      reason: failures[0].reason,
      metadata: failures[0].metadata,
    });
    expect(callsThatArrived()).toHaveLength(before + 1);
  });
});
