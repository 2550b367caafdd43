import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, message, progress, says, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, open, send } from '../in-process-client.ts';
import { newServer, type TestServer } from '../new-server.ts';

const CHAT: Grant = { actions: ['chat', 'usage:read'], models: ['*'] };

async function chat(
  server: TestServer,
  token: string,
  body: Record<string, unknown> = {},
  headers = {},
): Promise<Answer> {
  const request = { model: 'ibm/granite', input: 'Hi', ...body };
  return send(server.app, { method: 'POST', path: '/api/v1/chat', token, headers, body: request });
}

const usage = (server: TestServer, token: string, query = '', headers = {}): Promise<Answer> =>
  send(server.app, { path: `/api/v1/usage${query}`, token, headers });

const totals = async (server: TestServer, token: string, query = '', headers = {}): Promise<unknown> =>
  (await usage(server, token, query, headers)).json().totals;

describe('GET /api/v1/usage', () => {
  it('tells the use of the last thirty days by day, at once', async () => {
    const server = await newServer({ turns: [says('Hi'), says('Hi')] });
    const token = await server.issue(CHAT);
    await chat(server, token);
    await chat(server, token);
    const counts = { requests: 2, inputTokens: 10, outputTokens: 4, toolCalls: 0 };
    expect((await usage(server, token)).json()).toEqual({
      from: '2025-12-03',
      to: '2026-01-01',
      group: 'day',
      rows: [{ day: '2026-01-01', ...counts }],
      totals: counts,
    });
  });

  it('counts every dialect, all rounds of a chat, and the calls that reached a tool', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'x' }), says('Hi'), says('Hi')] });
    const token = await server.issue({ ...CHAT, mcp: { 'mcp/a': { tools: { echo: {} } } } });
    await chat(server, token, { integrations: ['mcp/a'] });
    const completion = { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] };
    await send(server.app, { method: 'POST', path: '/v1/chat/completions', token, body: completion });
    expect(await totals(server, token)).toEqual({ requests: 2, inputTokens: 15, outputTokens: 6, toolCalls: 1 });
  });

  it('counts what a chat has used whose model dies, and whose caller leaves', async () => {
    const server = await newServer({
      turns: [
        async function* () {
          yield progress(5, 5);
          yield message('twelve chars');
          throw new Error('the model is dead');
        },
        talksUntilAborted,
      ],
    });
    const token = await server.issue(CHAT);
    expect((await chat(server, token)).status).toBe(500);
    expect(await totals(server, token)).toMatchObject({ requests: 1, inputTokens: 5, outputTokens: 1019 });
    const body = { model: 'ibm/granite', input: 'Hi', stream: true };
    const running = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await running.received('"and "');
    running.leave();
    await expect.poll(() => totals(server, token)).toMatchObject({ requests: 2, inputTokens: 10, outputTokens: 1021 });
  });

  it('counts no chat that was refused', async () => {
    const server = await newServer();
    const token = await server.issue({ ...CHAT, models: ['ibm/other'] });
    expect((await chat(server, token)).status).toBe(403);
    expect(await totals(server, token)).toMatchObject({ requests: 0 });
  });

  it('counts no chat whose model is not there, or cannot be loaded', async () => {
    const server = await newServer();
    server.engine.holdLoads = true;
    const token = await server.issue(CHAT);
    expect((await chat(server, token, { model: 'ibm/none' })).status).toBe(404);
    const failing = chat(server, token);
    await expect.poll(() => server.engine.loads.length).toBe(1);
    server.engine.loads[0]?.fail(new Error('there is no memory left'));
    expect((await failing).status).toBe(500);
    expect(await totals(server, token)).toMatchObject({ requests: 0 });
  });

  it('shows a token its own use and that of the tokens which it may list', async () => {
    const server = await newServer({ turns: [says('Hi'), says('Hi'), says('Hi')] });
    const narrow = await server.issue(CHAT, 'narrow');
    const wide = await server.issue({ ...CHAT, actions: ['*'] }, 'wide');
    const blind = await server.issue({ ...CHAT, actions: ['chat', 'usage:read', 'embeddings'] }, 'blind');
    for (const token of [narrow, wide, blind]) await chat(server, token);
    expect(await totals(server, narrow)).toMatchObject({ requests: 1 });
    expect(await totals(server, blind)).toMatchObject({ requests: 1 });
    expect(await totals(server, wide)).toMatchObject({ requests: 3 });
    const id = narrow.slice('sk-lm-'.length).split(':')[0] ?? '';
    expect(await totals(server, wide, `?token=${id}`)).toMatchObject({ requests: 1 });
    expect(await totals(server, blind, `?token=${id}`)).toMatchObject({ requests: 0 });
  });

  it('names the tokens, and keeps what a deleted one has used for administrators', async () => {
    const server = await newServer({ turns: [says('Hi')] });
    const admin = await server.issue({ actions: ['*'], models: ['*'] }, 'admin');
    const holder = await server.issue(CHAT, 'holder');
    const id = holder.slice('sk-lm-'.length).split(':')[0] ?? '';
    await chat(server, holder);
    const rows = async (): Promise<unknown> => (await usage(server, admin, '?group=token')).json().rows;
    expect(await rows()).toMatchObject([{ token: id, name: 'holder', requests: 1 }]);
    const ended = await send(server.app, { method: 'POST', path: `/api/v1/tokens/${id}/revoke`, token: admin });
    const gone = await send(server.app, { method: 'DELETE', path: `/api/v1/tokens/${id}`, token: admin });
    expect([ended.status, gone.status]).toEqual([200, 200]);
    expect(await rows()).toMatchObject([{ token: id, name: null, requests: 1 }]);
  });

  it('shows the use of callers without a token to administrators alone', async () => {
    const server = await newServer({ turns: [says('Hi')] });
    const admin = await server.issue({ actions: ['*'], models: ['*'] });
    const reader = await server.issue({ actions: ['usage:read', 'tokens:read'] });
    const patch = { method: 'PATCH', path: '/api/v1/settings', token: admin };
    await send(server.app, { ...patch, body: { requireAuthentication: false } });
    const body = { model: 'ibm/granite', input: 'Hi' };
    expect((await send(server.app, { method: 'POST', path: '/api/v1/chat', body })).status).toBe(200);
    await send(server.app, { ...patch, body: { requireAuthentication: true } });
    const { rows } = (await usage(server, admin, '?group=token')).json();
    expect(rows).toMatchObject([{ token: 'local:anonymous', requests: 1 }]);
    expect(await totals(server, reader)).toMatchObject({ requests: 0 });
  });

  it('keeps projects apart', async () => {
    const server = await newServer({ turns: [says('Hi'), says('Hi'), says('Hi')] });
    const token = await server.issue(CHAT);
    const web = { 'latchkey-project': 'web' };
    await chat(server, token);
    await chat(server, token, {}, web);
    await chat(server, token, {}, web);
    const { rows } = (await usage(server, token, '?group=project')).json();
    expect(rows).toMatchObject([
      { project: null, requests: 1 },
      { project: 'web', requests: 2 },
    ]);
    // Who acts for one project sees that one.
    expect(await totals(server, token, '', web)).toMatchObject({ requests: 2 });
    expect(await totals(server, token, '?project=other', web)).toMatchObject({ requests: 0 });
    expect(await totals(server, token, '?project=web')).toMatchObject({ requests: 2 });
  });

  it.each([
    ['?group=hour', 'group'],
    ['?from=yesterday', 'from'],
    ['?from=2026-01-02&to=2026-01-01', 'from'],
    ['?from=2024-01-01&to=2026-01-01', 'from'],
    ['?since=2026-01-01', 'since'],
    ['?to=2026-02-30', 'to'],
    ['?token=a&token=b', 'token'],
  ])('refuses %s by the name of what is wrong', async (query, param) => {
    const server = await newServer();
    const answer = await usage(server, await server.issue(CHAT), query);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { param } });
  });
});

describe('a store of usage that fails', () => {
  it('is a 503 for who asks, and no reason not to chat', async () => {
    const server = await newServer({ turns: [says('Hi')], brokenUsage: true });
    const token = await server.issue(CHAT);
    expect((await chat(server, token)).status).toBe(200);
    expect((await usage(server, token)).status).toBe(503);
  });
});

describe('GET /api/current-user/whoami', () => {
  it("is the token's owner as Label Studio shows a user, and all that whoami says beside it", async () => {
    const server = await newServer();
    const owner = 'ada@example.com';
    const { token, record } = await server.auth.issue({ name: 'ci', grant: CHAT, owner }, server.auth.operator());
    const user = (await send(server.app, { path: '/api/current-user/whoami', token })).json();
    expect(user).toMatchObject({
      id: record.id,
      username: owner,
      email: owner,
      first_name: '',
      last_name: '',
      initials: 'AD',
      active_organization: null,
    });
    expect(user.latchkey).toEqual((await send(server.app, { path: '/api/v1/whoami', token })).json());
  });

  it('has no e-mail address for an owner who is none', async () => {
    const server = await newServer();
    const token = await server.issue(CHAT);
    const path = '/api/current-user/whoami/';
    expect((await send(server.app, { path, token })).json()).toMatchObject({ username: 'operator', email: '' });
  });
});

describe('a call through /mcp', () => {
  it('is counted, and its request once however many calls it makes', async () => {
    const server = await newServer();
    const token = await server.issue({ ...CHAT, mcp: { 'mcp/a': { tools: { echo: {} } } } });
    const call = (id: number, name = 'echo') => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: { text: 'one' } },
    });
    const post = (body: unknown) =>
      send(server.app, {
        method: 'POST',
        path: '/mcp',
        token,
        headers: { accept: 'application/json, text/event-stream' },
        body,
      });
    await post(call(1));
    await post(call(2, 'hang'));
    await post({ jsonrpc: '2.0', id: 3, method: 'tools/list' });
    const counts = { requests: 1, inputTokens: 0, outputTokens: 0, toolCalls: 1 };
    expect((await usage(server, token, '?group=model')).json().rows).toEqual([{ model: 'mcp', ...counts }]);
    await post([call(4), call(5)]);
    expect(await totals(server, token)).toEqual({ ...counts, requests: 2, toolCalls: 3 });
  });
});
