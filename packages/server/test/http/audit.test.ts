import { type AuditEntry, type AuditStore, createMemoryAuditStore } from '@latchkey/auth-core';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Call, send } from './in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from './new-server.ts';

const CANARY = 'CANARY-5e1f';
const TOOLS = { actions: ['chat'], models: ['*'], mcp: { 'mcp/a': { tools: { '*': {} } } } };
const chat: Call = { method: 'POST', path: '/api/v1/chat', body: { model: 'ibm/granite', input: 'Hi' } };
const withTools: Call = { ...chat, body: { model: 'ibm/granite', input: CANARY, integrations: ['mcp/a'] } };

const find = (server: TestServer, type: string): Promise<AuditEntry[]> => server.audit.list({ type, limit: 1000 });

/** A store that can be read when its log is closed, which writes what it has counted. */
const outliving = (): AuditStore => ({ ...createMemoryAuditStore(), close: async () => undefined });

/** A chat whose model calls a tool once, and what the audit log has of tools then. */
async function callOnce(grant: unknown, call: ReturnType<typeof callsTool>, options: TestServerOptions = {}) {
  const server = await newServer({ turns: [call, says('Done')], ...options });
  const answer = await send(server.app, { ...withTools, token: await server.issue(grant, 'agent') });
  return {
    server,
    answer,
    entries: (await server.audit.list({ limit: 1000 })).filter(({ type }) => /^tool/.test(type)),
  };
}

describe('administration in the audit log', () => {
  it('says who did it, from where, and in which request', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['*'] }, 'ops');
    const body = { name: 'ci', grant: { actions: ['chat'] } };
    const made = await send(server.app, { method: 'POST', path: '/api/v1/tokens', token, body });
    const { id } = made.json();
    await send(server.app, { method: 'DELETE', path: `/api/v1/tokens/${id}`, token });
    const actor = { name: 'ops', address: '127.0.0.1', id: expect.any(String), rootId: expect.any(String) };
    expect(await server.audit.list({ after: 1 })).toMatchObject([
      { type: 'token.issued', actor, subject: id, details: { request: made.headers['x-request-id'] } },
      { type: 'token.revoked', actor, subject: id },
    ]);
  });

  it('is refused, and shows no token, when the log can not take note of it', async () => {
    const store = createMemoryAuditStore();
    let broken = false;
    const auditStore: AuditStore = {
      ...store,
      append: (chain) => (broken ? Promise.reject(new Error('the disk is gone')) : store.append(chain)),
    };
    const server = await newServer({ auditStore });
    const token = await server.issue({ actions: ['*'] });
    broken = true;
    const body = { name: 'ci', grant: { actions: ['chat'] } };
    const answer = await send(server.app, { method: 'POST', path: '/api/v1/tokens', token, body });
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain('sk-lm-');
  });
});

describe('what is refused, in the audit log', () => {
  it('names the grant and its rule, and what was asked', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['chat'], models: ['ibm/other'] }, 'ci');
    await send(server.app, { ...chat, token });
    await send(server.app, { path: '/api/v1/tokens', token, headers: { 'latchkey-project': 'web' } });
    const actor = { name: 'ci', address: '127.0.0.1', rootId: expect.any(String) };
    expect(await find(server, 'permission.denied')).toMatchObject([
      {
        actor,
        details: {
          code: 'AUTH_PERMISSION_DENIED',
          action: 'chat',
          method: 'POST',
          route: '/api/v1/chat',
          param: 'model',
          grant: 2,
          source: 'token ci',
          rule: 'models',
          reason: 'model ibm/granite is not granted',
        },
      },
      { actor, project: 'web', details: { action: 'tokens:read', route: '/api/v1/tokens', rule: 'actions' } },
    ]);
  });

  it('is a plugin that the token may not use', async () => {
    const server = await newServer();
    await send(server.app, { ...withTools, token: await server.issue({ actions: ['chat'], models: ['*'] }, 'ci') });
    const [entry] = await find(server, 'permission.denied');
    expect(entry?.details).toMatchObject({ param: 'integrations', grant: 2, source: 'token ci', rule: 'mcp' });
    expect(entry?.details?.reason).toContain('mcp/a');
  });

  it('is a project that the token may not act for, by whose token it is', async () => {
    const server = await newServer();
    const grant = { actions: ['chat'], models: ['*'], projects: ['web'] };
    const headers = { 'latchkey-project': 'mobile' };
    await send(server.app, { ...chat, headers, token: await server.issue(grant, 'ci') });
    expect(await find(server, 'permission.denied')).toMatchObject([
      { actor: { name: 'ci' }, details: { rule: 'projects' } },
    ]);
  });

  it('is a token with more than its maker has', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['tokens:write'] }, 'ci');
    const body = { name: 'more', grant: { actions: ['*'] } };
    await send(server.app, { method: 'POST', path: '/api/v1/tokens', token, body });
    expect(await find(server, 'permission.denied')).toMatchObject([
      { actor: { name: 'ci' }, details: { code: 'AUTH_GRANT_NOT_COVERED', route: '/api/v1/tokens' } },
    ]);
  });

  it('is a request beyond a limit, written once and counted', async () => {
    const auditStore = outliving();
    const server = await newServer({ turns: [says('Hi')], auditStore });
    const token = await server.issue({ actions: ['chat'], models: ['*'], limits: { requestsPerMinute: 1 } }, 'ci');
    for (let index = 0; index < 20; index++) await send(server.app, { ...chat, token });
    expect(await find(server, 'limit.exceeded')).toMatchObject([
      { actor: { name: 'ci' }, details: { limit: 'requestsPerMinute', source: 'token ci' } },
    ]);
    await server.audit.close();
    expect(
      (await auditStore.read({ limit: 1000, type: 'limit.exceeded' })).map(({ details }) => details?.count),
    ).toEqual([undefined, 18]);
  });

  it('is no question whether something is allowed', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['chat'] });
    const answer = await send(server.app, {
      method: 'POST',
      path: '/api/v1/can',
      token,
      body: { action: 'mcp:write' },
    });
    expect(answer.json().allowed).toBe(false);
    expect(await find(server, 'permission.denied')).toEqual([]);
  });
});

describe('logins that fail, in the audit log', () => {
  const presented: readonly (readonly [string, Call])[] = [
    ['as a bearer', { path: '/api/v1/models', token: `sk-lm-AAAAAAAA:${'A'.repeat(20)}` }],
    ['not at all', { path: '/api/v1/models' }],
    ['twice', { path: '/api/v1/models', token: 'a', headers: { 'x-api-key': 'b' } }],
    [
      'to be refreshed',
      { method: 'POST', path: '/api/token/refresh', body: { refresh: `sk-lm-AAAAAAAA:${'A'.repeat(20)}` } },
    ],
    [
      'to be exchanged',
      {
        method: 'POST',
        path: '/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: `sk-lm-AAAAAAAA:${'A'.repeat(20)}`,
          subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        }).toString(),
      },
    ],
  ];

  it.each([
    [[], '127.0.0.1'],
    [['127.0.0.1'], '203.0.113.9'],
  ])('come from where the trusted proxies %j say', async (trustedProxies, address) => {
    const server = await newServer({ app: { trustedProxies } });
    const headers = { 'x-forwarded-for': '198.51.100.1, 203.0.113.9' };
    await send(server.app, { path: '/api/v1/models', headers });
    expect(await find(server, 'authentication.refused')).toMatchObject([{ actor: { address } }]);
  });

  it.each(presented)('are there when a token is presented %s', async (_, call) => {
    const server = await newServer();
    const { status } = await send(server.app, call);
    expect([400, 401]).toContain(status);
    expect(await find(server, 'authentication.refused')).toMatchObject([
      { actor: { address: '127.0.0.1' }, details: { code: expect.stringMatching(/^AUTH_TOKEN_/), route: call.path } },
    ]);
  });

  it('flood from one address: a valid token from there is served, and the log gets two entries', async () => {
    const auditStore = outliving();
    const server = await newServer({ auditStore });
    const token = await server.issue({ actions: ['models:read'], models: ['*'] });
    const guesses = Array.from({ length: 500 }, (_, index) => `sk-lm-AAAAAAAA:${String(index).padStart(20, 'A')}`);
    const answers = await Promise.all(
      guesses.map((guess) => send(server.app, { path: '/api/v1/models', token: guess })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect((await send(server.app, { path: '/api/v1/models', token })).status).toBe(200);
    await server.audit.close();
    expect(await auditStore.read({ limit: 1000, type: 'authentication.refused' })).toMatchObject([
      { actor: { address: '127.0.0.1' }, details: { code: 'AUTH_TOKEN_UNKNOWN' } },
      { actor: { address: '127.0.0.1' }, details: { code: 'AUTH_TOKEN_UNKNOWN', count: 499 } },
    ]);
  });

  it('flood of callers without a token, while authentication is off, does not fill the log either', async () => {
    const server = await newServer({ anonymous: { actions: ['chat'] } });
    for (let index = 0; index < 50; index++) await send(server.app, { path: '/api/v1/tokens' });
    expect(await find(server, 'permission.denied')).toMatchObject([{ actor: { name: 'anonymous' } }]);
  });
});

describe('tool calls in the audit log', () => {
  it('are there before they run, with a digest of their arguments, and with their outcome after', async () => {
    const { server, entries } = await callOnce(TOOLS, callsTool('echo', { text: CANARY }));
    const actor = { name: 'agent', address: '127.0.0.1' };
    const argumentsDigest = await server.audit.digest({ text: CANARY });
    const [called, ended] = entries;
    expect(entries).toMatchObject([
      { type: 'tool.called', actor, subject: 'mcp/a echo', details: { argumentsDigest } },
      { type: 'tool.ended', actor, subject: 'mcp/a echo', details: { outcome: 'succeeded' } },
    ]);
    expect(ended?.details).toMatchObject({ call: called?.details?.call, milliseconds: expect.any(Number) });
    expect(JSON.stringify(await server.audit.list({ limit: 1000 }))).not.toContain(CANARY);
  });

  it('are there with their arguments, where that is configured, and without secrets in them', async () => {
    const secret = `sk-lm-AAAAAAAA:${'A'.repeat(20)}`;
    const call = callsTool('echo', { text: `${CANARY} ${secret}` });
    const { entries } = await callOnce(TOOLS, call, { keptArguments: 'full' });
    expect(entries[0]?.details?.arguments).toEqual({ text: `${CANARY} sk-lm-AAAAAAAA:***` });
  });

  it.each([
    ['fail', {}, 'failed'],
    ['echo', { text: 5 }, 'invalid_arguments'],
  ])('that end badly say how, and nothing more: %s %j', async (tool, args, outcome) => {
    const { entries } = await callOnce(TOOLS, callsTool(tool, args));
    expect(entries.map(({ type }) => type)).toEqual(['tool.called', 'tool.ended']);
    expect(entries[1]?.details).toEqual({
      call: expect.any(String),
      outcome,
      milliseconds: expect.any(Number),
      request: expect.any(String),
    });
  });

  it('that a grant refuses name the grant and its rule, and not their arguments', async () => {
    const mcp = { 'mcp/a': { tools: { echo: { arguments: { text: { maxLength: 3 } } } } } };
    const { server, entries } = await callOnce({ ...TOOLS, mcp }, callsTool('echo', { text: CANARY }));
    expect(entries).toMatchObject([
      {
        type: 'tool.denied',
        subject: 'mcp/a echo',
        details: {
          rule: 'arguments',
          source: 'token agent',
          grant: 2,
          argumentsDigest: await server.audit.digest({ text: CANARY }),
        },
      },
    ]);
    expect(JSON.stringify(entries)).not.toContain(CANARY);
  });

  it('of tools that the request has not are there, too', async () => {
    const { entries } = await callOnce(TOOLS, callsTool('delete_everything', { path: CANARY }));
    expect(entries).toMatchObject([
      { type: 'tool.denied', subject: 'delete_everything', details: { reason: expect.stringContaining('not among') } },
    ]);
    expect(JSON.stringify(entries)).not.toContain(CANARY);
  });

  it('of tools with names that a model has made up are there with the beginning of the name', async () => {
    const { entries } = await callOnce(TOOLS, callsTool('x'.repeat(500), {}));
    expect(entries).toMatchObject([{ type: 'tool.denied', subject: 'x'.repeat(128) }]);
  });

  it('are not made when the log can not take note of them', async () => {
    const store = createMemoryAuditStore();
    let broken = false;
    const auditStore: AuditStore = {
      ...store,
      append: (chain) => (broken ? Promise.reject(new Error('the disk is gone')) : store.append(chain)),
    };
    const server = await newServer({ auditStore, turns: [callsTool('echo', { text: 'Hi' }), says('Done')] });
    const token = await server.issue(TOOLS);
    broken = true;
    const answer = await send(server.app, { ...withTools, token });
    expect(answer.json().output).toMatchObject([
      { type: 'invalid_tool_call', reason: expect.stringContaining('audit log') },
      { type: 'message' },
    ]);
  });
});

describe('GET /api/v1/audit', () => {
  const path = '/api/v1/audit';
  const ADMIN = { actions: ['*'], models: ['*'] };

  it('gives the entries page by page, and whoever asks on with next misses none', async () => {
    const server = await newServer();
    const token = await server.issue(ADMIN);
    for (let index = 0; index < 6; index++) await server.issue({ actions: ['chat'] });
    const seen: number[] = [];
    for (let next = 0, more = true; more; ) {
      const answer = (await send(server.app, { path: `${path}?limit=3&after=${next}`, token })).json();
      const entries = answer.entries as AuditEntry[];
      seen.push(...entries.map(({ seq }) => seq));
      next = answer.next as number;
      more = entries.length > 0;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await send(server.app, { path: '/api/v1/models', token: 'wrong' });
    const polled = (await send(server.app, { path: `${path}?after=7`, token })).json();
    expect(polled).toMatchObject({ entries: [{ seq: 8, type: 'authentication.refused' }], next: 8 });
  });

  it('filters by type, actor, project and time', async () => {
    const server = await newServer();
    const token = await server.issue(ADMIN, 'ops');
    const issue = { method: 'POST', path: '/api/v1/tokens', token };
    await send(server.app, { ...issue, body: { name: 'a', grant: { actions: ['chat'] }, project: 'web' } });
    await send(server.app, { path: '/api/v1/models' });
    const seqs = async (query: string) =>
      ((await send(server.app, { path: `${path}?${query}`, token })).json().entries as AuditEntry[]).map(
        ({ seq }) => seq,
      );
    const { id } = await server.auth.verify(token);
    expect(await seqs('type=authentication.refused')).toEqual([3]);
    expect(await seqs(`actor=${id}`)).toEqual([2]);
    expect(await seqs('project=web')).toEqual([2]);
    expect(await seqs('since=2020-01-01T00:00:00Z')).toEqual([1, 2, 3]);
    expect(await seqs('until=2020-01-01T00:00:00%2B01:00')).toEqual([]);
  });

  it('shows who acts for a project that project, whatever is asked', async () => {
    const server = await newServer();
    const issue = { method: 'POST', path: '/api/v1/tokens', token: await server.issue(ADMIN) };
    for (const project of ['web', 'mobile']) {
      await send(server.app, { ...issue, body: { name: project, grant: { actions: ['chat'] }, project } });
    }
    const token = await server.issue({ actions: ['audit:read'], projects: ['web'] });
    const headers = { 'latchkey-project': 'web' };
    const list = async (query = '') =>
      (await send(server.app, { path: `${path}${query}`, token, headers })).json().entries;
    expect(await list()).toMatchObject([{ project: 'web', details: { name: 'web' } }]);
    expect(await list('?project=web')).toHaveLength(1);
    expect(await list('?project=mobile')).toEqual([]);
    expect((await send(server.app, { path, token })).status).toBe(403);
  });

  it.each(['after=-1', 'after=1e3', 'limit=0', 'limit=1001', 'since=yesterday', 'type=', 'who=me'])(
    'refuses ?%s and names it',
    async (query) => {
      const server = await newServer();
      const answer = await send(server.app, { path: `${path}?${query}`, token: await server.issue(ADMIN) });
      expect(answer.status).toBe(400);
      expect(answer.json()).toMatchObject({ error: { param: query.split('=')[0] } });
    },
  );

  it('takes audit:read, which a token that may chat has not', async () => {
    const server = await newServer();
    expect((await send(server.app, { path })).status).toBe(401);
    const answer = await send(server.app, { path, token: await server.issue({ actions: ['chat'] }) });
    expect(answer.status).toBe(403);
  });
});
