import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { withTokenAdministration } from '../../../src/command/token/administer-tokens.ts';
import { type Call, send } from '../in-process-client.ts';
import { newServer, type TestServer } from '../new-server.ts';

const ADMIN = { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };

async function newAdministration(): Promise<
  TestServer & {
    readonly token: string;
    ask(method: string, path?: string, body?: unknown, as?: string): ReturnType<typeof send>;
  }
> {
  const server = await newServer();
  const token = await server.issue(ADMIN, 'admin');
  const ask = (method: string, path = '', body?: unknown, as = token) => {
    const call: Call = { method, path: `/api/v1/tokens${path}`, token: as, ...(body === undefined ? {} : { body }) };
    return send(server.app, call);
  };
  return { ...server, token, ask };
}
const whoami = (server: TestServer, token: string) => send(server.app, { path: '/api/v1/whoami', token });

describe('/api/v1/tokens', () => {
  it('makes a token whose secret is shown this once, and kept by nobody on the way', async () => {
    const server = await newAdministration();
    const created = await server.ask('POST', '', { name: 'ci', grant: { actions: ['chat'] } });
    expect(created.status).toBe(201);
    expect(created.headers['cache-control']).toBe('no-store');
    const { id, token } = created.json() as { id: string; token: string };
    expect(created.json()).toMatchObject({ name: 'ci', grant: { actions: ['chat'] }, createdAt: expect.any(String) });
    expect((await whoami(server, token)).json()).toMatchObject({ name: 'ci', id });
    const secret = token.split(':')[1] ?? '';
    for (const path of ['', `/${id}`]) {
      const { text } = await server.ask('GET', path);
      expect(text).toContain(id);
      expect(text).not.toContain(secret);
      expect(text).not.toContain('digest');
    }
  });

  it('shows and lists the tokens that the own one covers, and no others', async () => {
    const server = await newAdministration();
    const reader = await server.issue({ actions: ['tokens:read', 'chat'] }, 'reader');
    const { json } = await server.ask('GET', '', undefined, reader);
    expect((json().tokens as { name: string }[]).map(({ name }) => name)).toEqual(['reader']);
    const admin = (await whoami(server, server.token)).json().id;
    expect((await server.ask('GET', `/${admin}`, undefined, reader)).status).toBe(404);
    expect((await server.ask('GET', '/ZZZZZZZZ', undefined, reader)).status).toBe(404);
  });

  it('lists no more than a thousand at once, and says where to go on; the command follows', async () => {
    const server = await newAdministration();
    const { ask } = server;
    const operator = server.auth.operator();
    for (let number = 0; number < 1003; number++) {
      await server.auth.issue({ name: `${number}`, grant: { actions: ['chat'] }, owner: 'ada' }, operator);
    }
    const listed = (await ask('GET', '?owner=ada')).json() as { tokens: { id: string }[]; next: string };
    expect(listed.tokens).toHaveLength(1000);
    expect(listed.next.endsWith(`/${listed.tokens.at(-1)?.id}`)).toBe(true);
    const rest = (await ask('GET', `?owner=ada&after=${listed.next}`)).json() as typeof listed;
    expect(rest).not.toHaveProperty('next');
    const ids = [...listed.tokens, ...rest.tokens].map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([1003, 1003]);
    const one = (await ask('GET', `?owner=ada&limit=1&after=${listed.next}`)).json();
    expect(one).toMatchObject({ tokens: [{ id: ids[1000] }], next: expect.stringContaining(`/${ids[1000]}`) });
    for (const query of ['limit=0', 'limit=1001', 'limit=many', 'after=ZZZZZZZZ']) {
      const refused = await ask('GET', `?${query}`);
      expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: query.split('=')[0] } }]);
    }

    await using web = server.app.listen(0, '127.0.0.1');
    await once(web, 'listening');
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    const all = await withTokenAdministration({ url }, { LATCHKEY_API_TOKEN: server.token }, (tokens) =>
      tokens.list({ owner: 'ada' }),
    );
    expect(all.map(({ id }) => id)).toEqual(ids);
  });

  it('makes no token that may do more than its maker', async () => {
    const server = await newAdministration();
    const maker = await server.issue({ actions: ['tokens:write', 'chat'], models: ['ibm/*'] }, 'maker');
    const answer = await server.ask('POST', '', { name: 'x', grant: { actions: ['chat'], models: ['*'] } }, maker);
    expect([answer.status, answer.json()]).toMatchObject([403, { error: { code: 'permission_denied' } }]);
    const narrower = { name: 'x', grant: { actions: ['chat'], models: ['ibm/g*'] } };
    expect((await server.ask('POST', '', narrower, maker)).status).toBe(201);
  });

  it('changes a token at once', async () => {
    const server = await newAdministration();
    const token = await server.issue({ actions: ['models:read'], models: ['*'] }, 'ci');
    const id = (await whoami(server, token)).json().id;
    const changes = { name: 'nightly', grant: { actions: [] }, expiresAt: '2999-01-01T00:00:00.000Z' };
    expect((await server.ask('PATCH', `/${id}`, changes)).json()).toMatchObject(changes);
    expect((await send(server.app, { path: '/v1/models', token })).status).toBe(403);
    expect((await server.ask('PATCH', `/${id}`, { expiresAt: null })).json()).not.toHaveProperty('expiresAt');
  });

  it('ends a token at once and for good', async () => {
    const server = await newAdministration();
    const token = await server.issue({ actions: ['chat'] }, 'ci');
    const id = (await whoami(server, token)).json().id;
    const revoked = await server.ask('DELETE', `/${id}`);
    expect([revoked.status, revoked.json()]).toMatchObject([200, { id, revokedAt: expect.any(String) }]);
    expect((await whoami(server, token)).status).toBe(401);
  });

  it.each([
    [{}, 'missing_required_parameter', 'name'],
    [{ name: '' }, 'invalid_value', 'name'],
    [{ name: 'x' }, 'missing_required_parameter', 'grant'],
    [{ name: 'x', grant: 'all' }, 'invalid_value', 'grant'],
    [{ name: 'x', grant: { actions: ['fly'] } }, 'invalid_value', 'grant.actions[0]'],
    [{ name: 'x', grant: { actions: [], model: [] } }, 'invalid_value', 'grant.model'],
    [{ name: 'x', grant: { actions: [] }, expiresAt: 'soon' }, 'invalid_value', 'expiresAt'],
    [{ name: 'x', grant: { actions: [] }, expiresAt: '2001-01-01T00:00:00Z' }, 'invalid_value', 'expiresAt'],
    [{ name: 'x', grant: { actions: [] }, scopes: [] }, 'unrecognized_keys', 'scopes'],
    [{ name: 'x', grant: { actions: [] }, kind: 'access' }, 'invalid_value', 'kind'],
    [{ name: 'x', grant: { actions: [] }, kind: 'custom' }, 'invalid_value', 'secret'],
    [
      { name: 'x', grant: { actions: [] }, kind: 'custom', secret: 'lms_local_dev_key_2026' },
      'invalid_value',
      'secret',
    ],
    [{ name: 'x', grant: { actions: [] }, secret: 'vT9qLm2xWz7RbKd4HsYc' }, 'invalid_value', 'secret'],
    [{ name: 'x', grant: { actions: [] }, rotateAfter: 'soon' }, 'invalid_value', 'rotateAfter'],
  ])('refuses %j, and names what is wrong', async (body, code, param) => {
    const answer = await (await newAdministration()).ask('POST', '', body);
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { code, param } }]);
  });

  it.each(['/ZZZZZZZZ', '/..%2f', '/%00', "/'%20or%201=1", '/%E0%A4%A', '/%', '/constructor', '/__proto__'])(
    'finds no token at %s',
    async (path) => {
      const server = await newAdministration();
      for (const method of ['GET', 'DELETE'] as const) expect((await server.ask(method, path)).status).toBe(404);
      expect((await server.ask('PATCH', path, { name: 'x' })).status).toBe(404);
    },
  );
});

const tokenId = (token: string): string => token.slice('sk-lm-'.length).split(':')[0] ?? '';

describe('GET /api/v1/whoami', () => {
  it('says who the caller is and what it must satisfy, in the order in which it is decided', async () => {
    const server = await newServer({ policy: { actions: ['chat'] } });
    const grant = { actions: ['chat'], models: ['ibm/*'] };
    const token = await server.issue(grant, 'reader');
    expect((await whoami(server, token)).json()).toEqual({
      id: expect.any(String),
      kind: 'api-key',
      name: 'reader',
      owner: 'operator',
      email: null,
      limits: [],
      project: null,
      rootId: tokenId(token),
      tokenId: tokenId(token),
      authority: [
        expect.objectContaining({ source: 'server policy', grant: { actions: ['chat'] } }),
        expect.objectContaining({ source: 'token reader', grant }),
      ],
      expiresAt: null,
    });
  });
});
