import { type AuditStore, createMemoryAuditStore, createMemoryTokenStore } from '@latchkey/auth-core';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, type Call, send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';
import { chat, DECIDER, PATH, waiting, waits } from './waiting-run.ts';

/** A log that takes entries until it is told not to. */
function refusable() {
  const store = createMemoryAuditStore();
  const log = { refuses: false };
  const auditStore: AuditStore = {
    ...store,
    append: (chain) => (log.refuses ? Promise.reject(new Error('disk full: /var/lib/x')) : store.append(chain)),
    head: () => (log.refuses ? Promise.reject(new Error('disk full')) : store.head()),
  };
  return { log, auditStore };
}

const refused = (answer: Answer): void => {
  expect([answer.status, answer.json()]).toMatchObject([
    503,
    { error: { code: 'audit_unavailable', message: expect.stringContaining('audit log') } },
  ]);
  expect(answer.text).not.toMatch(/sk-lm-|\/var\/lib/);
};

describe('an administrative act of which the log can take no note', () => {
  it.each<[string, (id: string, ended: string) => Call]>([
    ['settings', () => ({ method: 'PATCH', path: '/api/v1/settings', body: { allowMcpJson: false } })],
    ['keys', () => ({ method: 'POST', path: '/api/v1/keys/rotate', body: { compromised: true } })],
    ['token issued', () => ({ method: 'POST', path: '/api/v1/tokens', body: { name: 'x', grant: { actions: [] } } })],
    ['token edited', (id) => ({ method: 'PATCH', path: `/api/v1/tokens/${id}`, body: { grant: { actions: ['*'] } } })],
    ['token rotated', (id) => ({ method: 'POST', path: `/api/v1/tokens/${id}/rotate`, body: {} })],
    ['token deleted', (_, ended) => ({ method: 'DELETE', path: `/api/v1/tokens/${ended}` })],
    ['legacy token made', () => ({ method: 'POST', path: '/api/token', body: {} })],
  ])('changes nothing and says that it was the log: %s', async (_, call) => {
    const { log, auditStore } = refusable();
    const tokenStore = createMemoryTokenStore();
    const server = await newServer({ auditStore, tokenStore });
    const token = await server.issue({ actions: ['*'] }, 'ops');
    const operator = server.auth.operator();
    const { record } = await server.auth.issue({ name: 'ci', grant: { actions: ['chat'] } }, operator);
    const ended = await server.auth.issue({ name: 'old', grant: { actions: ['chat'] } }, operator);
    await server.auth.revoke(ended.record.id, operator);
    const state = async () => [
      (await tokenStore.list({})).map(({ lastUsedAt: _, ...rest }) => rest),
      (await send(server.app, { path: '/.well-known/jwks.json' })).json(),
      (await send(server.app, { path: '/api/v1/settings', token })).json(),
    ];
    const before = await state();
    log.refuses = true;
    const answer = await send(server.app, { ...call(record.id, ended.record.id), token });
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('audit log');
    expect(await state()).toEqual(before);
  });

  it('spends no answer about a call that waits, which goes on waiting', async () => {
    const { log, auditStore } = refusable();
    const { server, id, end } = await waits({ auditStore });
    const token = await server.issue(DECIDER);
    const approve = { method: 'POST', path: `${PATH}/${id}`, token, body: { decision: 'approve' } };
    log.refuses = true;
    refused(await send(server.app, approve));
    expect((await waiting(server, token)).map((one) => one.id)).toEqual([id]);
    log.refuses = false;
    expect((await send(server.app, approve)).status).toBe(200);
    expect((await end()).map(({ type }) => type)).toContain('tool_call.success');
  });

  it('approves no definition of a tool', async () => {
    const { log, auditStore } = refusable();
    const server = await newServer({ auditStore, mcpPins: 'explicit' });
    const token = await server.issue({ actions: ['mcp:read', 'mcp:write'], mcp: { '*': { tools: { '*': {} } } } });
    const path = '/api/v1/mcp/servers/a';
    const states = async () =>
      (
        (await send(server.app, { path: `${path}/pins?start=true`, token })).json() as { tools: { state: string }[] }
      ).tools.map(({ state }) => state);
    const before = await states();
    log.refuses = true;
    refused(await send(server.app, { method: 'POST', path: `${path}/approve`, token }));
    expect(await states()).toEqual(before);
  });
});

describe('GET /ready', () => {
  const ready = async (server: TestServer) => {
    const answer = await send(server.app, { path: '/ready' });
    return [answer.status, answer.json()];
  };

  it('says to anybody that the server can work', async () => {
    expect(await ready(await newServer())).toEqual([
      200,
      { status: 'ready', database: 'ok', auditLog: 'ok', disk: 'ok' },
    ]);
  });

  it('says that it cannot while the log takes nothing, and no tool is called then', async () => {
    const { log, auditStore } = refusable();
    const server = await newServer({ auditStore, turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    log.refuses = true;
    expect(await ready(server)).toEqual([
      503,
      { status: 'unavailable', database: 'ok', auditLog: 'unavailable', disk: 'ok' },
    ]);
    const grant = { actions: ['chat'], models: ['*'], mcp: { 'mcp/a': { tools: { echo: {} } } } };
    log.refuses = false;
    const token = await server.issue(grant);
    log.refuses = true;
    const answer = await send(server.app, chat(token));
    expect(answer.text).toContain('the audit log of this server');
    expect(answer.text).not.toContain('"output":"[');
  });

  it('tells a log that was put back from one that cannot be written', async () => {
    const store = createMemoryAuditStore();
    let isBack = false;
    const server = await newServer({
      auditStore: { ...store, head: async () => (isBack ? undefined : store.head()) },
    });
    await server.issue({ actions: [] });
    isBack = true;
    expect(await ready(server)).toEqual([
      503,
      { status: 'unavailable', database: 'ok', auditLog: 'refuses', disk: 'ok' },
    ]);
  });
});
