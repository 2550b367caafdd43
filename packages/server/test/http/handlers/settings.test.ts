import { createMemoryTokenStore } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, send } from '../in-process-client.ts';
import { newServer, type TestServer } from '../new-server.ts';

const ADMIN: Grant = { actions: ['*'], models: ['*'] };

const patch = (server: TestServer, token: string | undefined, body: unknown): Promise<Answer> =>
  send(server.app, { method: 'PATCH', path: '/api/v1/settings', body, ...(token === undefined ? {} : { token }) });

describe('GET /api/v1/settings', () => {
  it('shows every setting, times to live in seconds', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['settings:read'] });
    expect((await send(server.app, { path: '/api/v1/settings', token })).json()).toEqual({
      requireAuthentication: true,
      tokenKinds: {
        'api-key': true,
        custom: true,
        'personal-access': true,
        'place-bound': false,
        access: true,
        legacy: true,
        attenuated: true,
      },
      personalAccessTokenTtl: 7_776_000,
      accessTokenTtl: 300,
      unusedTokenTtl: 0,
      allowMcpJson: true,
      allowEphemeralMcp: false,
      lockdown: false,
    });
  });
});

describe('PATCH /api/v1/settings', () => {
  it.each([
    ['30d', 2_592_000],
    ['2s', 2],
    [86_400, 86_400],
    ['366d', 31_622_400],
  ])('takes %j as a time to live', async (personalAccessTokenTtl, seconds) => {
    const server = await newServer();
    const answer = await patch(server, await server.issue(ADMIN), { personalAccessTokenTtl });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ personalAccessTokenTtl: seconds, accessTokenTtl: 300 });
  });

  it.each([
    ['personalAccessTokenTtl', '367d', 'at most 366 days (31622400 seconds)'],
    ['personalAccessTokenTtl', 31_622_401, 'at most 366 days'],
    ['accessTokenTtl', '2h', 'at most 1 hour (3600 seconds)'],
    ['accessTokenTtl', 0, 'at least one second'],
    ['accessTokenTtl', 1.5, 'a whole number of seconds'],
    ['accessTokenTtl', -1, 'at least one second'],
    ['accessTokenTtl', 'soon', 'e.g. 90d'],
    ['accessTokenTtl', null, 'a whole number of seconds'],
    ['unusedTokenTtl', 3599, 'at least 1 hour (3600 seconds)'],
    ['unusedTokenTtl', '59m', 'expected 0'],
    ['unusedTokenTtl', 'never', 'expected 0'],
    ['unusedTokenTtl', 4_000_000_000, 'at most 10 years'],
    ['unusedTokenTtl', 3600.5, 'a whole number of seconds'],
    ['unusedTokenTtl', null, 'a whole number of seconds'],
    ['requireAuthentication', 'no', 'boolean'],
    ['tokenKinds.legacy', 1, 'boolean'],
  ])('refuses %s: %j, and says what it may be', async (key, value, says) => {
    const server = await newServer();
    const token = await server.issue(ADMIN);
    const [name = '', kind] = key.split('.');
    const answer = await patch(server, token, { allowMcpJson: false, [name]: kind ? { [kind]: value } : value });
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { param: key, message: expect.stringContaining(says) } });
    // All or nothing.
    expect((await send(server.app, { path: '/api/v1/settings', token })).json().allowMcpJson).toBe(true);
  });

  it.each([
    [{ allowMcpjson: false }, 'allowMcpjson'],
    [{ tokenKinds: { apikey: false } }, 'tokenKinds.apikey'],
    [{ tokenKinds: { __proto__x: false } }, 'tokenKinds.__proto__x'],
  ])('refuses the unknown key in %j', async (body, param) => {
    const server = await newServer();
    const answer = await patch(server, await server.issue(ADMIN), body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'unrecognized_keys', param } });
  });

  it('tells the audit log who has changed what, from where', async () => {
    const server = await newServer();
    await patch(server, await server.issue(ADMIN, 'ops'), { allowEphemeralMcp: true });
    expect(await server.audit.list({ type: 'settings.changed' })).toMatchObject([
      {
        type: 'settings.changed',
        actor: expect.objectContaining({ name: 'ops', address: '127.0.0.1', rootId: expect.any(String) }),
        subject: 'installation',
        details: { allowEphemeralMcp: { from: false, to: true }, request: expect.any(String) },
      },
    ]);
  });
});

describe('unusedTokenTtl', () => {
  it('ends tokens at once that were not used for so long, and 0 ends none', async () => {
    const tokenStore = createMemoryTokenStore();
    const server = await newServer({ tokenStore });
    const [admin, unused] = [await server.issue(ADMIN), await server.issue(ADMIN, 'unused')];
    const [record] = (await tokenStore.list({})).filter(({ name }) => name === 'unused');
    if (record === undefined) throw new Error('there is no such token');
    const createdAt = new Date(Date.now() - 3 * 86_400_000).toISOString();
    expect(await tokenStore.update({ ...record, createdAt, version: record.version + 1 }, record.version)).toBe(true);
    expect((await patch(server, admin, { unusedTokenTtl: '2d' })).json().unusedTokenTtl).toBe(172_800);
    const whoami = () => send(server.app, { path: '/api/v1/whoami', token: unused });
    const refused = await whoami();
    expect(refused.status).toBe(401);
    expect(refused.json()).toMatchObject({ error: { code: 'token_expired' } });
    expect((await send(server.app, { path: '/api/v1/whoami', token: admin })).status).toBe(200);
    expect((await patch(server, admin, { unusedTokenTtl: 0 })).json().unusedTokenTtl).toBe(0);
    expect((await whoami()).status).toBe(200);
  });
});

describe('requireAuthentication: false', () => {
  const chat = { method: 'POST', path: '/api/v1/chat', body: { model: 'ibm/granite', input: 'Hi' } };

  it('lets everybody chat at once, and true again nobody', async () => {
    const server = await newServer({ turns: [says('Hi')] });
    const token = await server.issue(ADMIN);
    expect((await send(server.app, chat)).status).toBe(401);
    expect((await patch(server, token, { requireAuthentication: false })).json().requireAuthentication).toBe(false);
    expect((await send(server.app, chat)).status).toBe(200);
    expect((await send(server.app, { path: '/api/v1/whoami' })).json()).toMatchObject({ kind: 'anonymous' });
    expect((await patch(server, token, { requireAuthentication: true })).status).toBe(200);
    expect((await send(server.app, chat)).status).toBe(401);
  });

  it('lets nobody at the settings without a token, whatever the anonymous grant says', async () => {
    const server = await newServer({ anonymous: { actions: ['*'], models: ['*'] } });
    expect((await send(server.app, { path: '/api/v1/settings' })).status).toBe(401);
    expect((await patch(server, undefined, { allowMcpJson: false })).status).toBe(401);
    expect((await patch(server, await server.issue(ADMIN), { allowMcpJson: false })).status).toBe(200);
  });

  it('is for tokens alone that may do everything', async () => {
    const server = await newServer();
    const clerk = await server.issue({ actions: ['settings:write', 'settings:read', 'tokens:write'] });
    const answer = await patch(server, clerk, { requireAuthentication: false });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ error: { code: 'permission_denied', param: 'requireAuthentication' } });
    expect((await patch(server, clerk, { requireAuthentication: true, allowMcpJson: false })).status).toBe(200);
    const narrowed = await newServer({ policy: { actions: ['settings:write', 'settings:read'] } });
    expect((await patch(narrowed, await narrowed.issue(ADMIN), { requireAuthentication: false })).status).toBe(403);
  });

  it.each([
    { actions: ['*'] },
    { actions: ['*'], models: ['ibm/*'] },
    { ...ADMIN, networks: ['127.0.0.0/8', '::1'] },
    { ...ADMIN, projects: ['web'] },
    { ...ADMIN, expiresAt: '2999-01-01T00:00:00Z' },
    { ...ADMIN, limits: { requestsPerMinute: 10 } },
  ])('is not for a token that may not do everything itself: %j', async (grant) => {
    const server = await newServer();
    const headers = 'projects' in grant ? { 'Latchkey-Project': 'web' } : {};
    const answer = await send(server.app, {
      ...{ method: 'PATCH', path: '/api/v1/settings', body: { requireAuthentication: false }, headers },
      token: await server.issue(grant),
    });
    expect(answer.status).toBe(403);
  });

  it('is not for a token of one project', async () => {
    const { app, auth } = await newServer();
    const { token } = await auth.issue({ name: 'web', project: 'web', grant: ADMIN }, auth.operator());
    const call = { method: 'PATCH', path: '/api/v1/settings', body: { requireAuthentication: false }, token };
    expect((await send(app, call)).status).toBe(403);
  });

  it('is a 409 where others reach the server', async () => {
    const server = await newServer({ mustNotBeOpen: 'Refusing to be open.' });
    const answer = await patch(server, await server.issue(ADMIN), { requireAuthentication: false });
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({ error: { message: 'Refusing to be open.', param: 'requireAuthentication' } });
  });

  it('is a 409 where the configuration has authentication off', async () => {
    const server = await newServer({ anonymous: { actions: ['chat'] } });
    const answer = await patch(server, await server.issue(ADMIN), { requireAuthentication: true });
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({ error: { message: expect.stringContaining('configuration') } });
  });
});

describe('allowMcpJson: false', () => {
  it.each([
    ['POST /api/v1/chat', { input: 'Hi' }],
    ['POST /v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }] }],
  ])('refuses the plugins of %s with a 403 that names the setting', async (door, body) => {
    const server = await newServer();
    const token = await server.issue({ ...ADMIN, mcp: { 'mcp/a': { tools: { echo: {} } } } });
    await patch(server, token, { allowMcpJson: false });
    const [method = '', path = ''] = door.split(' ');
    const request = { model: 'ibm/granite', integrations: ['mcp/a'], ...body };
    const answer = await send(server.app, { method, path, token, body: request });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({
      error: { code: 'permission_denied', message: expect.stringContaining('allowMcpJson') },
    });
  });
});
