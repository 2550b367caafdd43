import { attenuateToken, createMemoryLimitStore, type ToolRule } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { call, toolNames } from './mcp-client.ts';
import { newServer, type TestServer } from './new-server.ts';
import { answer, chat, eventsOf, tools, waiting, waits } from './waiting-run.ts';

const may = (rules: Record<string, ToolRule>, more: object = {}) => ({
  actions: ['chat' as const],
  models: ['*'],
  mcp: tools(rules),
  ...more,
});
const textOf = ({ result }: Awaited<ReturnType<typeof call>>) => JSON.stringify(result?.content);
const echo = (server: TestServer, token: string) => call(server, token, 'echo', { text: 'red' });
const can = async (server: TestServer, token: string, body: object) =>
  (await send(server.app, { method: 'POST', path: '/api/v1/can', token, body: { action: 'chat', ...body } })).json();
const limitsOf = async (server: TestServer, token: string) =>
  (await send(server.app, { path: '/api/v1/whoami', token })).json().limits;

describe('a rule that limits calls', () => {
  const rules = { 'e*': { callsPerDay: 2 }, calls: {} };

  it('allows so many and no more, and says which limit it was and when there is room again', async () => {
    const server = await newServer();
    const token = await server.issue(may(rules), 'ci');
    expect(textOf(await echo(server, token))).toContain('red');
    expect(textOf(await echo(server, token))).toContain('red');
    const refused = await echo(server, token);
    expect(refused.result).toMatchObject({ isError: true });
    expect(textOf(refused)).toMatch(/limit callsPerDay of token ci for mcp.*e\*.* is used up.*again in \d+ seconds/);
    expect(textOf(await call(server, token, 'calls'))).toContain('[\\"echo\\",\\"echo\\"]');
    expect((await server.audit.list({ limit: 50 })).find(({ type }) => type === 'tool.denied')).toMatchObject({
      subject: 'mcp/a echo',
      details: { rule: 'callsPerDay', source: 'token ci' },
    });
    // It is listed all the same: it can be called again tomorrow.
    expect(await toolNames(server, token)).toEqual(['calls', 'echo']);
  });

  it('is counted once for all servers that share a store, and for each token by itself', async () => {
    const server = await newServer();
    const other = await newServer({ shares: server.shared });
    const token = await server.issue(may(rules), 'ci');
    await echo(server, token);
    await echo(other, token);
    expect((await echo(server, token)).result).toMatchObject({ isError: true });
    expect((await echo(other, token)).result).toMatchObject({ isError: true });
    expect((await echo(server, await server.issue(may(rules), 'second'))).result).toMatchObject({ isError: false });
  });

  it('is lowered by holders and never raised', async () => {
    const server = await newServer();
    const token = await server.issue(may({ echo: { callsPerDay: 3 } }), 'ci');
    const lower = await attenuateToken(llm, token, may({ echo: { callsPerDay: 1 } }));
    const higher = await attenuateToken(llm, token, may({ echo: { callsPerDay: 100 } }));
    await echo(server, lower);
    expect(textOf(await echo(server, lower))).toContain('caveat #1');
    await echo(server, higher);
    await echo(server, higher);
    expect(textOf(await echo(server, higher))).toContain('of token ci ');
  });

  it('is told by whoami, and by the dry run', async () => {
    const server = await newServer();
    const token = await server.issue(may({ 'e*': { callsPerDay: 2, callsPerMinute: 2 } }), 'ci');
    await echo(server, token);
    const rule = 'mcp["mcp/a"].tools["e*"]';
    expect(await limitsOf(server, token)).toMatchObject([
      { name: 'callsPerMinute', source: 'token ci', rule, limit: 2, remaining: 1, resetSeconds: expect.any(Number) },
      { name: 'callsPerDay', source: 'token ci', rule, limit: 2, remaining: 1, resetSeconds: expect.any(Number) },
    ]);
    const tool = { server: 'mcp/a', name: 'echo', arguments: { text: 'red' } };
    expect(await can(server, token, { tool })).toMatchObject({
      allowed: true,
      calls: [
        { name: 'callsPerMinute', limit: 2, rule, source: 'token ci' },
        { name: 'callsPerDay', limit: 2, rule, source: 'token ci' },
      ],
    });
  });

  it('counts no call that is not made: one whose arguments are wrong, and one that a person denies', async () => {
    const server = await newServer();
    const token = await server.issue(may({ echo: { callsPerDay: 1 } }), 'ci');
    expect((await call(server, token, 'echo', { text: ['not', 'a', 'text'] })).result).toMatchObject({ isError: true });
    expect((await echo(server, token)).result).toMatchObject({ isError: false });

    const run = await waits({}, { grant: may({ echo: { approval: 'ask', callsPerDay: 1 } }) });
    const decider = await run.server.issue({ actions: ['approvals:decide'], mcp: tools({ '*': {} }) });
    await answer(run.server, decider, run.id, { decision: 'deny' });
    await run.end();
    expect(await limitsOf(run.server, run.agent)).toMatchObject([{ name: 'callsPerDay', remaining: 1 }]);
  });

  it('is not passed while calls cannot be counted: what has a limit is refused, and the rest goes on', async () => {
    const limits = createMemoryLimitStore();
    let isGone = false;
    const take: typeof limits.take = (claims, now) =>
      isGone ? Promise.reject(new Error('the store is gone')) : limits.take(claims, now);
    const server = await newServer({ shares: { limits: { ...limits, take } } });
    const token = await server.issue(may(rules), 'ci');
    isGone = true;
    const refused = await echo(server, token);
    expect(refused.result).toMatchObject({ isError: true });
    expect(textOf(refused)).toMatch(/cannot count now. Try again later/);
    expect(textOf(await call(server, token, 'calls'))).toContain('[]');
    isGone = false;
    expect((await echo(server, token)).result).toMatchObject({ isError: false });
  });

  it('asks no person about a call for which there is no room', async () => {
    const server = await newServer({ turns: [callsTool('echo', { text: 'one' }), says('Done')] });
    const token = await server.issue(may({ echo: { callsPerDay: 1 } }), 'ci');
    const careful = await attenuateToken(llm, token, may({ echo: { approval: 'ask' } }));
    await echo(server, token);
    const events = eventsOf((await send(server.app, chat(careful, { stream: true }))).text);
    expect(events.find(({ type }) => type === 'tool_call.failure')).toMatchObject({
      reason: expect.stringContaining('limit callsPerDay of token ci'),
    });
    const decider = await server.issue({ actions: ['approvals:decide'], mcp: tools({ '*': {} }) });
    expect(await waiting(server, decider)).toEqual([]);
  });
});

describe('a class of tools', () => {
  const HINTS = { modes: ['hints'] as const };

  it('lists and allows those that the pinned definition puts into it, and no others', async () => {
    const server = await newServer(HINTS);
    for (const [key, names] of [
      ['@readOnly', ['calls']],
      ['@additive', ['echo']],
    ] as const) {
      const token = await server.issue(may({ [key]: {} }));
      expect(await toolNames(server, token)).toEqual(names);
      expect((await echo(server, token)).error === undefined).toBe(key === '@additive');
      expect((await call(server, token, 'calls')).error === undefined).toBe(key === '@readOnly');
    }
    const destructive = await toolNames(server, await server.issue(may({ '@destructive': {} })));
    expect(destructive).toContain('hang');
    expect(destructive).not.toContain('echo');
  });

  it('is asked for by name as by the whole server', async () => {
    const server = await newServer({ ...HINTS, turns: [says('Done'), says('Done')] });
    const token = await server.issue(may({ '@readOnly': {} }));
    const named = async (...names: string[]) =>
      (await send(server.app, chat(token, { integrations: [{ type: 'plugin', id: 'mcp/a', allowed_tools: names }] })))
        .status;
    expect([await named('calls'), await named('echo')]).toEqual([200, 403]);
  });

  it('is not joined by a tool that begins to say so: the changed definition is held back', async () => {
    const server = await newServer(HINTS);
    const token = await server.issue(may({ '*': {} }));
    expect(await toolNames(server, token)).toContain('fail');
    expect(await toolNames(server, token)).not.toContain('fail');
    expect(await toolNames(server, await server.issue(may({ '@readOnly': {} })))).toEqual(['calls']);
  });

  it('is empty but for the destructive one where nothing is pinned, since nobody would hear of a change', async () => {
    const server = await newServer({ ...HINTS, mcpPins: 'off' });
    expect(await toolNames(server, await server.issue(may({ '@readOnly': {}, '@additive': {} })))).toEqual([]);
    expect(await toolNames(server, await server.issue(may({ '@destructive': {} })))).toContain('calls');
  });

  it('decides about approvals, in the dry run and for whoever decides', async () => {
    const rules = { '*': {}, '@additive': { approval: 'ask' as const } };
    const run = await waits(HINTS, { grant: may(rules) });
    const { server } = run;
    const tool = (name: string) => ({ tool: { server: 'mcp/a', name, arguments: {} } });
    expect(await can(server, run.agent, tool('echo'))).toMatchObject({ allowed: true, approval: true });
    expect(await can(server, run.agent, tool('calls'))).toMatchObject({ allowed: true, approval: false });
    expect(await can(server, await server.issue(may({ '@readOnly': {} })), tool('echo'))).toMatchObject({
      rule: 'mcp',
    });
    const decider = (key: string) => server.issue({ actions: ['approvals:decide'], mcp: tools({ [key]: {} }) });
    expect(await waiting(server, await decider('@readOnly'))).toEqual([]);
    expect(await waiting(server, await decider('@destructive'))).toEqual([]);
    const own = await decider('@additive');
    expect(await waiting(server, own)).toMatchObject([{ tool: 'echo' }]);
    expect((await answer(server, own, run.id, { decision: 'approve' })).status).toBe(200);
    expect((await run.end()).some(({ type }) => type === 'tool_call.success')).toBe(true);
  });

  it('is listed with each tool, and bounds what may be approved', async () => {
    const server = await newServer({ ...HINTS, mcpPins: 'explicit' });
    const token = await server.issue({ actions: ['mcp:read', 'mcp:write'], mcp: tools({ '@readOnly': {} }) });
    const path = '/api/v1/mcp/servers/a';
    const approve = (body: object) => send(server.app, { method: 'POST', path: `${path}/approve`, token, body });
    expect((await approve({ tools: [{ name: 'echo' }] })).status).toBe(403);
    expect((await approve({})).json()).toMatchObject({
      approved: expect.arrayContaining([{ name: 'calls', fingerprint: expect.any(String) }]),
    });
    const reader = await server.issue({ ...may({ '*': {} }), actions: ['chat', 'mcp:read'] });
    const { servers } = (
      await send(server.app, { path: '/api/v1/mcp/servers?server=a&start=true', token: reader })
    ).json() as {
      servers: readonly { tools: readonly object[] }[];
    };
    expect(servers[0]?.tools).toContainEqual(expect.objectContaining({ name: 'calls', effect: 'readOnly' }));
  });
});
