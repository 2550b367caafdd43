import { createMemoryTokenStore, type TokenStore } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { type Call, send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const EVERYTHING = {
  actions: ['*'],
  models: ['*'],
  mcp: { '*': { tools: { '*': {} } } },
  ephemeralMcp: { hosts: ['*'], tools: ['*'] },
};
const WRITES = ['insert', 'update', 'remove', 'touch'] as const;
const ALL = [...WRITES, 'find', 'list', 'countDerived'] as const;

/** A server whose store can be taken away, with an administrator and a token that are both in use. */
async function setUp() {
  const inner = createMemoryTokenStore();
  const failing = new Set<string>();
  const silent = new Set<string>();
  const store = Object.fromEntries(
    Object.entries(inner).map(([name, method]) => [
      name,
      async (...args: never[]) => {
        if (failing.has(name)) throw new Error('database or disk is full');
        if (silent.has(name)) return new Promise<never>(() => {});
        return (method as (...args: never[]) => Promise<unknown>)(...args);
      },
    ]),
  ) as unknown as TokenStore;
  const server = await newServer({ tokenStore: store });
  const admin = await server.issue(EVERYTHING, 'admin');
  const issued = await server.auth.issue(
    { name: 'ada', kind: 'personal-access', owner: 'ada', grant: { actions: ['models:read'], models: ['*'] } },
    server.auth.operator(),
  );
  const call = (options: Call) => send(server.app, options);
  const statusOf = async (token: string) => (await call({ path: '/v1/models', token })).status;
  expect([await statusOf(admin), await statusOf(issued.token)]).toEqual([200, 200]);
  return { ...server, inner, failing, silent, call, statusOf, admin, token: issued.token, id: issued.record.id };
}

type Installation = Awaited<ReturnType<typeof setUp>>;

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const WAYS: readonly [name: string, call: (installation: Installation) => Call][] = [
  ['POST revoke', ({ id, admin }) => ({ method: 'POST', path: `/api/v1/tokens/${id}/revoke`, token: admin })],
  ['DELETE', ({ id, admin }) => ({ method: 'DELETE', path: `/api/v1/tokens/${id}`, token: admin })],
  ['revoke-self', ({ token }) => ({ method: 'POST', path: '/api/v1/tokens/revoke-self', token })],
  [
    'oauth/revoke',
    ({ token }) => ({
      method: 'POST',
      path: '/oauth/revoke',
      headers: FORM,
      body: new URLSearchParams({ token }).toString(),
    }),
  ],
  [
    'blacklist',
    ({ token, admin }) => ({ method: 'POST', path: '/api/token/blacklist', token: admin, body: { refresh: token } }),
  ],
];

describe.each([
  ['while the disk is full', WRITES],
  ['while the database is away', ALL],
])('a token is ended %s', (_, methods) => {
  it.each(WAYS)('at once, by %s, and the answer says that it is not stored yet', async (_way, way) => {
    const installation = await setUp();
    const { failing, call, statusOf, token, id, inner, audit } = installation;
    for (const method of methods) failing.add(method);
    const answer = await call(way(installation));
    expect(answer.status).toBe(202);
    expect(answer.json()).toMatchObject({ stored: false, message: expect.stringContaining('not stored yet') });
    failing.clear();
    expect(await statusOf(token)).toBe(401);
    await expect.poll(async () => (await inner.find(id))?.revokedAt).toBeDefined();
    await expect
      .poll(async () => (await audit.list({ type: 'token.revoked' })).map(({ subject }) => subject))
      .toEqual([id]);
    expect(await statusOf(token)).toBe(401);
  });
});

describe('a token is ended while the database does not answer at all', () => {
  it.each(WAYS)('at once, by %s, and the answer comes within seconds', async (_way, way) => {
    const installation = await setUp();
    const { silent, call, statusOf, token, id } = installation;
    for (const method of ALL) silent.add(method);
    const answer = await call(way(installation));
    expect(answer.status).toBe(202);
    expect(answer.json()).toMatchObject({ stored: false });
    silent.clear();
    expect(await statusOf(token)).toBe(401);
    // What was derived from it is denied with it.
    expect(await installation.auth.verify(token).catch(({ code }) => code)).toBe('AUTH_TOKEN_REVOKED');
    expect(id).toBeDefined();
  });
});

describe('while the database is away', () => {
  it('nothing else is done for who was verified a moment ago', async () => {
    const { failing, call, admin, id, routes } = await setUp();
    for (const method of ALL) failing.add(method);
    for (const { method, path, access, ends } of routes) {
      if (access === 'public' || ends !== undefined) continue;
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      // What was verified half a second ago counts; after that the store is asked.
      await expect
        .poll(async () => (await call({ method, path: path.replace(':id', id), token: admin, body })).status, {
          interval: 50,
        })
        .toBe(503);
    }
  });

  it('nobody ends a token by a text that was not verified here', async () => {
    const { failing, call, id } = await setUp();
    for (const method of ALL) failing.add(method);
    const token = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';
    expect((await call({ method: 'POST', path: `/api/v1/tokens/${id}/revoke`, token })).status).toBe(503);
    expect((await call({ method: 'POST', path: '/api/v1/tokens/revoke-self', token })).status).toBe(503);
  });
});

describe('DELETE of a token', () => {
  it('ends one that works, and removes one that has ended from the list for good', async () => {
    const { call, statusOf, token, id, admin, audit } = await setUp();
    const remove = () => call({ method: 'DELETE', path: `/api/v1/tokens/${id}`, token: admin });
    const ids = async () =>
      ((await call({ path: '/api/v1/tokens', token: admin })).json().tokens as { id: string }[]).map((one) => one.id);
    expect((await remove()).json()).toMatchObject({ id, revokedAt: expect.any(String), stored: true });
    expect(await statusOf(token)).toBe(401);
    expect(await ids()).toContain(id);
    expect((await remove()).json()).toMatchObject({ id, deleted: true });
    expect(await ids()).not.toContain(id);
    expect((await remove()).status).toBe(404);
    expect((await audit.list({ type: 'token.deleted' })).map(({ subject }) => subject)).toEqual([id]);
  });
});

describe('introspection', () => {
  it('hears of a revocation at once', async () => {
    const { call, token, id, admin } = await setUp();
    const ask = async () =>
      (
        await call({
          method: 'POST',
          path: '/oauth/introspect',
          token: admin,
          headers: FORM,
          body: new URLSearchParams({ token }).toString(),
        })
      ).json().active;
    expect(await ask()).toBe(true);
    await call({ method: 'DELETE', path: `/api/v1/tokens/${id}`, token: admin });
    expect(await ask()).toBe(false);
  });
});
