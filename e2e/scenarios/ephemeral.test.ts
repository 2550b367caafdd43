import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { type NotesServer, startNotesServer } from '../support/notes-over-http.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken, type HeldToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const secret = 'canary-of-the-caller';
let notes: NotesServer;
let server: TestServer;
let holder: HeldToken;
beforeAll(async () => {
  notes = await startNotesServer(secret);
  server = await startServer({
    config: {
      log: 'trace',
      ephemeralMcp: { allowPrivateHosts: ['127.0.0.1'], allowHttpHosts: ['127.0.0.1', '10.0.0.1'] },
    },
  });
  await server.admin.patch('/api/v1/settings', { allowEphemeralMcp: true });
  holder = await createToken(server, 'holder', {
    ...CHAT_GRANT,
    ephemeralMcp: { hosts: ['127.0.0.1:*', '10.0.0.1:*', 'localhost:*'], tools: ['fetch_*'] },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await notes[Symbol.asyncDispose]();
});

const headers = { Authorization: `Bearer ${secret}` };
const bring = (more: object = {}) => ({
  type: 'ephemeral_mcp',
  server_label: 'notes',
  server_url: notes.url,
  headers,
  ...more,
});
const ask = (integration: object, api = holder) => api.chat({ input: 'Fetch the note.', integrations: [integration] });

describe('an MCP server that a request brings along', () => {
  verifies('ephemeral.runs', async () => {
    const { body } = await ask(bring());
    expect(body.output[0]).toEqual({
      type: 'tool_call',
      tool: 'fetch_note',
      arguments: {},
      output: JSON.stringify([{ type: 'text', text: 'The herring is red.' }]),
      provider_info: { type: 'ephemeral_mcp', server_label: 'notes' },
    });
    const completion = await holder.post('/v1/chat/completions', {
      model: NANO,
      messages: [{ role: 'user', content: 'Fetch the note.' }],
      integrations: [bring()],
    });
    expect(completion.body.choices[0].message.content).toContain('red');
  });

  verifies('ephemeral.secrets', async () => {
    await ask(bring());
    expect(JSON.stringify(notes.seen)).not.toContain(holder.token.slice(-20));
    expect(server.log.lines.join('\n')).not.toContain(secret);
  });

  verifies('ephemeral.granted', async () => {
    const seen = notes.seen.length;
    const none = await createToken(server, 'none', { ...CHAT_GRANT, mcp: { '*': { tools: { '*': {} } } } });
    for (const answer of [
      await ask(bring(), none),
      await ask(bring({ server_url: 'https://mcp.example.com/' })),
      await ask(bring({ allowed_tools: ['delete_note'] })),
    ]) {
      expect(answer).toMatchObject({
        status: 403,
        body: { error: { code: 'permission_denied', param: 'integrations' } },
      });
    }
    expect(notes.seen).toHaveLength(seen);
  });

  verifies('ephemeral.addresses', async () => {
    const seen = notes.seen.length;
    const elsewhere = await ask(bring({ server_url: 'http://10.0.0.1/' }));
    expect(elsewhere.status).toBe(403);
    expect(elsewhere.body.error.message).toContain('not a public one');
    // The operator's list names the address, not the name.
    const everything = await createToken(server, 'everything', {
      ...CHAT_GRANT,
      ephemeralMcp: { hosts: ['*'], tools: ['*'] },
    });
    const insecure = await ask(bring({ server_url: notes.url.replace('127.0.0.1', 'localhost') }), everything);
    expect(insecure.body.error.message).toContain('https');
    expect(notes.seen).toHaveLength(seen);
  });

  verifies('ephemeral.unreachable', async () => {
    for (const integration of [bring({ server_url: 'http://127.0.0.1:1/' }), bring({ headers: {} })]) {
      const answer = await ask(integration);
      expect(answer).toMatchObject({
        status: 502,
        body: { error: { type: 'mcp_connection_error', code: 'mcp_unavailable', param: 'integrations' } },
      });
      expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|ECONN|401/);
    }
  });

  verifies('ephemeral.approval', async () => {
    const decider = (hosts: readonly string[]) => ({
      actions: ['approvals:decide'] as const,
      mcp: { '*': { tools: { '*': {} } } },
      ephemeralMcp: { hosts, tools: ['fetch_note'] },
    });
    const elsewhere = await createToken(server, 'elsewhere', decider(['mcp.example.com']));
    const boss = await createToken(server, 'boss', decider(['127.0.0.1:*']));
    const integrations = [bring({ require_approval: { tools: ['fetch_note'] } })];
    const stream = await holder.stream({ input: 'Fetch the note.', integrations });
    const { approval_id: id } = await stream.until('tool_call.approval_required');
    const named = `ephemeral/notes@${new URL(notes.url).host}`;
    const shown = { id, server: named, tool: 'fetch_note' };
    expect((await boss.get('/api/v1/approvals')).body.approvals).toMatchObject([shown]);
    expect((await elsewhere.get('/api/v1/approvals')).body.approvals).toEqual([]);
    expect((await elsewhere.post(`/api/v1/approvals/${id}`, { decision: 'approve' })).status).toBe(404);
    expect((await boss.post(`/api/v1/approvals/${id}`, { decision: 'approve' })).status).toBe(200);
    const types = (await stream.all()).map(({ data }) => data.type);
    expect(types).toContain('tool_call.success');
    const { entries } = (await server.admin.get('/api/v1/audit?limit=1000')).body;
    const requested = entries.find(({ type }: Json) => type === 'approval.requested');
    expect(requested).toMatchObject({ subject: `${named} fetch_note` });
  });

  verifies('ephemeral.refused', async () => {
    for (const wrong of [
      { server_url: 'file:///etc/passwd' },
      { server_url: 'https://me:secret@mcp.example.com/' },
      { server_label: '../x' },
      { headers: { Host: 'mcp.example.com' } },
      { headers: { 'x-key': 'a\r\nx: y' } },
      { command: 'sh' },
      { require_approval: 'never' },
      { require_approval: { tools: ['delete_note'] } },
    ]) {
      expect((await ask(bring(wrong))).status).toBe(400);
    }
  });
});
