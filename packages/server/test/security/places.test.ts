import type { Grant } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Call, send } from '../http/in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from '../http/new-server.ts';

const GRANT: Grant = { actions: ['chat', 'models:read'], models: ['ibm/*'] };
const BODY = { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] };
const CHAT = { method: 'POST', path: '/v1/chat/completions', body: BODY };

/** A server with place-bound tokens, and one of them. */
async function newPlace(grant: Grant = GRANT, options: TestServerOptions = {}) {
  const server = await newServer(options);
  const admin = await server.issue({ actions: ['*'], models: ['*'] });
  await switchPlaces(server, admin, true);
  const { token, record } = await server.auth.issue(
    { name: 'phone', kind: 'place-bound', grant },
    server.auth.operator(),
  );
  const at = ({ path = '/', ...call }: Call) => send(server.app, { ...call, path: `/t/${token}${path}` });
  return { server, admin, token, id: record.id, at };
}

const switchPlaces = (server: TestServer, token: string, isOn: boolean) =>
  send(server.app, {
    method: 'PATCH',
    path: '/api/v1/settings',
    token,
    body: { tokenKinds: { 'place-bound': isOn } },
  });

describe('a place, for clients that cannot send a header', () => {
  it('answers each API of models with the grant of its token, and no more than that', async () => {
    const { at } = await newPlace(GRANT, { turns: Array.from({ length: 4 }, () => says('Hello')) });
    expect((await at(CHAT)).text).toContain('Hello');
    expect((await at({ ...CHAT, path: '/api/v0/chat/completions' })).status).toBe(200);
    const anthropic = await at({ ...CHAT, path: '/v1/messages', body: { ...BODY, max_tokens: 16 } });
    expect(anthropic.json()).toMatchObject({ type: 'message' });
    expect((await at({ ...CHAT, path: '/api/chat', body: { ...BODY, stream: false } })).json()).toMatchObject({
      done: true,
    });
    for (const path of ['/v1/models', '/api/v0/models', '/api/tags', '/api/v1/models', '/lmstudio-greeting', '', '/']) {
      expect((await at({ path })).status, path).toBe(200);
    }
    const denied = await at({ ...CHAT, body: { ...BODY, model: 'other/model' } });
    expect(denied.status).toBeGreaterThanOrEqual(403);
    expect((await at({ ...CHAT, path: '/v1/embeddings', body: { model: 'ibm/granite', input: 'Hi' } })).status).toBe(
      403,
    );
  });

  it('is shown as what it is', async () => {
    const { server, admin, at, id } = await newPlace();
    const { tokens } = (await send(server.app, { path: '/api/v1/tokens', token: admin })).json() as {
      tokens: { id: string }[];
    };
    expect(tokens.find((token) => token.id === id)).toMatchObject({ kind: 'place-bound', name: 'phone' });
    expect((await at({ path: '/api/v1/whoami' })).json()).toMatchObject({ kind: 'place-bound', name: 'phone' });
  });

  it('does not look at what its client has made up as a key', async () => {
    const { at } = await newPlace();
    const headers = { authorization: 'Bearer not-needed', 'x-api-key': 'ollama' };
    expect((await at({ path: '/v1/models', headers })).status).toBe(200);
  });

  it('has no routes of administration, whatever its token allows', async () => {
    const { server, at } = await newPlace({ actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } });
    const taken: string[] = [];
    for (const { method, path, body } of server.routes) {
      const { status } = await at({ method, path: path.replace(/[:*]id/, 'x'), ...(body && { body: {} }) });
      expect(status, path).toBeLessThan(500);
      if (status !== 404 && status !== 405) taken.push(path);
    }
    const forbidden =
      /token|settings|audit|usage|approvals|sessions|keys|erasure|operator|console|docs|oauth|metrics|download|pull|copy|delete|servers/;
    expect(taken.filter((path) => forbidden.test(path) && !path.endsWith('_tokens'))).toEqual([]);
    expect(taken).toContain('/mcp');
  });

  it('is closed by default, when the kind is switched off, and once its token is revoked', async () => {
    const fresh = await newServer();
    const input = { name: 'phone', kind: 'place-bound' as const, grant: GRANT };
    await expect(fresh.auth.issue(input, fresh.auth.operator())).rejects.toMatchObject({ path: 'kind' });
    const { server, admin, at, id } = await newPlace();
    expect((await at({ path: '/v1/models' })).status).toBe(200);
    await switchPlaces(server, admin, false);
    const off = await at({ path: '/v1/models' });
    expect([off.status, off.text]).toEqual([401, expect.stringContaining('switched off')]);
    await switchPlaces(server, admin, true);
    expect((await at({ path: '/v1/models' })).status).toBe(200);
    await send(server.app, { method: 'POST', path: `/api/v1/tokens/${id}/revoke`, token: admin });
    expect((await at({ path: '/v1/models' })).status).toBe(401);
  });

  it('keeps to the networks and the limits of its grant', async () => {
    const elsewhere = await newPlace({ ...GRANT, networks: ['10.0.0.0/8'] });
    expect((await elsewhere.at({ path: '/v1/models' })).status).toBe(403);
    const limited = await newPlace({ ...GRANT, limits: { requestsPerMinute: 1 } });
    expect((await limited.at({ path: '/v1/models' })).status).toBe(200);
    expect((await limited.at({ path: '/v1/models' })).status).toBe(429);
  });

  it('is closed to every other text in its path, also to tokens of other kinds', async () => {
    const { server, admin, token } = await newPlace();
    const key = await server.issue(GRANT);
    const other = `${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`;
    for (const text of ['', '-', 'x', admin, key, other, token.slice(0, -1), token.toUpperCase(), `${token}%20`]) {
      const { status } = await send(server.app, { path: `/t/${text}/v1/models` });
      expect(status, text).toBe(401);
    }
  });

  it('needs its token while authentication is off', async () => {
    const { server, admin, at } = await newPlace();
    const body = { requireAuthentication: false };
    await send(server.app, { method: 'PATCH', path: '/api/v1/settings', token: admin, body });
    expect((await send(server.app, { path: '/v1/models' })).status).toBe(200);
    const made = `lkp_${'a'.repeat(40)}`;
    expect((await send(server.app, { path: `/t/${made}/v1/models` })).status).toBe(401);
    expect((await at({ path: '/lmstudio-greeting' })).status).toBe(200);
    expect((await send(server.app, { path: `/t/${made}/lmstudio-greeting` })).status).toBe(401);
  });

  it('is the only place of its token: it is refused in headers, in bodies and by the console', async () => {
    const { server, token } = await newPlace({ actions: ['*'], models: ['*'] });
    const wrong = { status: 401 };
    expect(await send(server.app, { path: '/v1/models', token })).toMatchObject(wrong);
    expect(await send(server.app, { path: '/mcp', method: 'POST', body: {}, token })).toMatchObject(wrong);
    expect(await send(server.app, { path: '/v1/models', headers: { 'x-api-key': token } })).toMatchObject(wrong);
    const sent = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const exchanged = await send(server.app, { method: 'POST', path: '/oauth/token', headers, body: sent.toString() });
    expect(exchanged.status).toBeGreaterThanOrEqual(400);
    expect(exchanged.text).not.toContain('access_token"');
    const origin = { origin: 'http://localhost', 'latchkey-page-key': 'x' };
    const session = { method: 'POST', path: '/api/v1/sessions', headers: origin, body: { token } };
    expect((await send(server.app, session)).status).toBe(401);
  });

  it('can be ended by its finder, by possession alone', async () => {
    const { server, token, at } = await newPlace();
    expect((await send(server.app, { method: 'POST', path: '/api/v1/tokens/revoke-self', token })).status).toBe(200);
    expect((await at({ path: '/v1/models' })).status).toBe(401);
  });

  it('is not open to web pages: foreign hosts, foreign origins, and links and images of other sites', async () => {
    const { at } = await newPlace();
    const path = '/v1/models';
    for (const headers of [
      { host: 'rebound.example' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const { status, text } = await at({ path, headers });
      expect(status, JSON.stringify(headers)).toBe(403);
      expect(text).not.toContain('granite');
    }
    const ofPage = await at({ ...CHAT, headers: { 'content-type': 'text/plain' } });
    expect(ofPage.status).toBe(415);
    expect((await at({ path, headers: { 'sec-fetch-site': 'none' } })).status).toBe(200);
  });

  it('is in no log line, no entry of the audit log and no answer, also where only a part of it was sent', async () => {
    const { server, token, at } = await newPlace({ actions: ['chat'], models: [] });
    const secret = token.slice(-30);
    const answers = [
      await at({ path: '/v1/models' }),
      await at(CHAT),
      await at({ path: '/nothing' }),
      await at({ method: 'PATCH', path: '/v1/models' }),
      await send(server.app, { path: `/t/${token.slice(0, -1)}/v1/models` }),
      await send(server.app, { path: `//t/${token}/v1/models` }),
      await send(server.app, { path: `/T/${token}/v1/models` }),
      await send(server.app, { path: `/v1/models/${token}` }),
    ];
    for (const { text, headers } of answers) expect(text + JSON.stringify(headers)).not.toContain(secret.slice(0, -1));
    const entries = JSON.stringify(await server.audit.list({ limit: 1000 }));
    const lines = server.log.join('');
    expect(lines).toContain('"path":"/t/-/v1/models"');
    expect(entries).toContain('/t/-/v1/models');
    for (const seen of [entries, lines]) expect(seen).not.toContain(secret.slice(0, -1));
    expect(answers[0]?.headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(answers[0]?.headers).not.toHaveProperty('set-cookie');
  });
});
