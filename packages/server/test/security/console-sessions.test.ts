import { createMemoryTokenStore } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { ORIGIN, signIn, startSession } from '../http/console-page.ts';
import { type Call, open, send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';
import { DECIDER, entriesOf } from '../http/waiting-run.ts';
import { KINDS_IN_HEADERS, makeEveryKind } from './every-kind.ts';

const CHAT: Grant = { actions: ['chat', 'models:read'], models: ['*'] };
const WHOAMI = '/api/v1/whoami';
type Headers = NonNullable<Call['headers']>;
const CURRENT = '/api/v1/sessions/current';

describe('a session of the console', () => {
  it('acts as the token that was presented, with its grants and under its name', async () => {
    const server = await newServer();
    const page = await signIn(server, await server.issue(CHAT, 'reader'));
    expect((await page.send(WHOAMI)).json()).toMatchObject({ name: 'reader', kind: 'api-key' });
    expect((await page.send('/api/v1/models')).status).toBe(200);
    const denied = await page.send('/api/v1/tokens');
    expect([denied.status, denied.text]).toEqual([403, expect.stringContaining('tokens:read')]);
    const [refusal] = await entriesOf(server, /^permission\.denied$/);
    expect(refusal?.actor).toMatchObject({ name: 'reader' });
  });

  it.each(KINDS_IN_HEADERS)('is that of a token of kind %s, lists itself, and ends itself', async (kind) => {
    const server = await newServer();
    const page = await signIn(server, (await makeEveryKind(server, CHAT))[kind]);
    expect((await page.send(WHOAMI)).json()).toMatchObject({ kind });
    expect((await page.send('/api/v1/sessions')).json()).toMatchObject({ sessions: [{ id: page.id, current: true }] });
    expect((await page.send(`/api/v1/sessions/${page.id}`, { method: 'DELETE' })).status).toBe(200);
    expect((await page.send(WHOAMI)).status).toBe(401);
  });

  it('is not taken for ended while the database does not answer, and works when it does again', async () => {
    const store = (await newServer()).shared.sessions;
    if (store === undefined) throw new TypeError('a server has a store of sessions');
    let isAway = false;
    const find: typeof store.find = (id) => (isAway ? Promise.reject(new Error('the disk is gone')) : store.find(id));
    const server = await newServer({ shares: { sessions: { ...store, find } } });
    const page = await signIn(server, await server.issue(CHAT));
    isAway = true;
    expect((await page.send(WHOAMI)).status).toBe(503);
    expect((await page.send(CURRENT, { method: 'DELETE' })).status).toBe(503);
    isAway = false;
    expect((await page.send(WHOAMI)).status).toBe(200);
  });

  it('has a secret that scripts cannot read and one that no other page can send, and needs both', async () => {
    const server = await newServer();
    const token = await server.issue(CHAT);
    const [page, other] = [await signIn(server, token), await signIn(server, token)];
    const { cookie, pageKey } = page;
    // The id of this session, with the secret of the other one.
    const mixed = `${cookie.split('.')[0]}.${other.cookie.split('.')[1]}`;
    const attempts: readonly Headers[] = [
      { cookie },
      { 'latchkey-page-key': pageKey },
      { cookie, 'latchkey-page-key': 'none' },
      { cookie, 'latchkey-page-key': other.pageKey },
      { cookie: other.cookie, 'latchkey-page-key': pageKey },
      { cookie: mixed, 'latchkey-page-key': pageKey },
      { cookie: `${cookie}A`, 'latchkey-page-key': pageKey },
      { cookie: cookie.slice(0, -1), 'latchkey-page-key': pageKey },
      { cookie, 'latchkey-page-key': [pageKey, pageKey] },
      { cookie, 'latchkey-page-key': '' },
    ];
    for (const headers of attempts) {
      const answer = await send(server.app, { path: WHOAMI, headers });
      expect(answer.status, JSON.stringify(headers)).toBe(401);
    }
    expect((await page.send(WHOAMI)).status).toBe(200);
  });

  it('is a new one with each sign-in, whatever cookie the browser has already', async () => {
    const server = await newServer();
    const planted = await signIn(server, await server.issue(CHAT, 'attacker'));
    const answer = await startSession(
      server,
      { token: await server.issue(CHAT, 'victim') },
      { cookie: planted.cookie },
    );
    const [set = ''] = answer.headers['set-cookie'] ?? [];
    expect(set).not.toContain(planted.cookie);
    expect(answer.json().id).not.toBe(planted.id);
    expect((await planted.send(WHOAMI)).json()).toMatchObject({ name: 'attacker' });
  });

  it('keeps working beside a cookie of the same name that a program at another port has planted', async () => {
    const server = await newServer();
    const page = await signIn(server, await server.issue(CHAT));
    const [name] = page.cookie.split('=');
    const cookie = `${name}=planted; theme=dark; ${page.cookie}`;
    expect((await page.send(WHOAMI, { headers: { cookie } })).status).toBe(200);
  });

  it('has a cookie that is out of the reach of scripts and of other sites, and over TLS bound to its host', async () => {
    const server = await newServer();
    const token = await server.issue(CHAT);
    const cookieOf = async (headers: Call['headers']) =>
      (await startSession(server, { token }, headers)).headers['set-cookie']?.[0] ?? '';
    const plain = await cookieOf({});
    expect(plain).toMatch(/^latchkey-session=[\w.-]+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    const secure = await cookieOf({ host: 'localhost', origin: 'https://localhost' });
    expect(secure).toMatch(/^__Host-latchkey-session=.*; Path=\/; .*HttpOnly; SameSite=Strict; Secure$/);
    expect(secure).not.toContain('Domain');
    const atPort = await cookieOf({ host: 'localhost:1234', origin: 'http://localhost:1234' });
    expect(atPort).toMatch(/^latchkey-session-1234=/);
  });

  it('is refused beside any other token, and a password that the browser adds by itself is not read', async () => {
    const server = await newServer({ app: { basicAuthentication: true } });
    const token = await server.issue(CHAT, 'mine');
    const page = await signIn(server, token);
    for (const headers of [{ authorization: `Bearer ${token}` }, { 'x-api-key': token }]) {
      expect((await page.send(WHOAMI, { headers })).status).toBe(401);
    }
    const other = await server.issue(CHAT, 'other');
    const password = Buffer.from(`user:${other}`).toString('base64');
    const answer = await page.send(WHOAMI, { headers: { authorization: `Basic ${password}` } });
    expect(answer.json()).toMatchObject({ name: 'mine' });
  });

  it('is not offered a password prompt by a refusal, and other callers are', async () => {
    const server = await newServer({ app: { basicAuthentication: true } });
    const offers = async (headers: Headers) =>
      [(await send(server.app, { path: WHOAMI, headers })).headers['www-authenticate'] ?? ''].flat().join();
    expect(await offers({})).toContain('Basic');
    expect(await offers({ 'latchkey-page-key': 'none' })).toMatch(/^Bearer (?!.*Basic)/);
    const refused = await startSession(server, { token: 'wrong' }, { 'latchkey-page-key': 'none' });
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, expect.not.stringContaining('Basic')]);
  });

  it('cannot be used by pages of other origins, also of those that may use the API', async () => {
    const allowed = 'https://chat.example.com';
    const server = await newServer({ app: { allowedOrigins: [allowed] } });
    const token = await server.issue(CHAT);
    const page = await signIn(server, token);
    const chat = { method: 'POST', body: { model: 'ibm/granite', input: 'Hi' } };
    for (const origin of [allowed, 'null', 'http://localhost:8080', 'https://evil.example']) {
      expect((await page.send('/api/v1/chat', { ...chat, headers: { origin } })).status, origin).not.toBe(200);
      expect((await page.send(WHOAMI, { headers: { origin } })).status, origin).not.toBe(200);
      expect((await startSession(server, { token }, { origin })).status, origin).toBe(403);
    }
    expect((await send(server.app, { path: WHOAMI, token, headers: { origin: allowed } })).status).toBe(200);
    expect((await page.send(WHOAMI, { headers: { origin: ORIGIN } })).status).toBe(200);
  });

  it('is not started without a page', async () => {
    const server = await newServer();
    const body = { token: await server.issue(CHAT) };
    const answer = await send(server.app, { method: 'POST', path: '/api/v1/sessions', body });
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('origin_denied')]);
  });

  it.each(['wrong', 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB', 'a b', 'x\r\ny'])(
    'is not started with what is not a token: %j',
    async (token) => {
      const server = await newServer();
      const answer = await startSession(server, { token });
      expect([answer.status, answer.headers['set-cookie']]).toEqual([401, undefined]);
      expect(answer.text).not.toContain(token);
      expect(await entriesOf(server, /^authentication\.refused$/)).not.toEqual([]);
    },
  );

  it('is not started where the grant of the token does not hold', async () => {
    const server = await newServer();
    const token = await server.issue({ ...CHAT, networks: ['10.0.0.0/8'] });
    expect((await startSession(server, { token })).status).toBe(403);
  });

  it('is not readable in the database, not even with the secret of the installation', async () => {
    const server = await newServer();
    const token = await server.issue(CHAT);
    const { id, cookie, pageKey } = await signIn(server, token);
    const stored = JSON.stringify(await server.shared.sessions?.find(id));
    for (const secret of [token, token.slice(-20), pageKey, cookie.split('.')[1] ?? '-']) {
      expect(stored).not.toContain(secret);
    }
  });
});

describe('the end of a session', () => {
  it('comes at once when its user signs out, also for what it streams', async () => {
    const server = await newServer();
    const page = await signIn(server, await server.issue(DECIDER));
    const stream = await page.open('/api/v1/approvals', { headers: { accept: 'text/event-stream' } });
    await stream.received('approval.listed');
    const answer = await page.send(CURRENT, { method: 'DELETE' });
    expect([answer.status, answer.headers['set-cookie']?.join()]).toEqual([200, expect.stringContaining('Max-Age=0')]);
    await stream.ended;
    expect((await page.send(WHOAMI)).status).toBe(401);
    expect((await page.send(CURRENT, { method: 'DELETE' })).status).toBe(401);
  });

  it('ends a generation that runs', async () => {
    const server = await newServer({ turns: [talksUntilAborted] });
    const page = await signIn(server, await server.issue(CHAT));
    const body = { model: 'ibm/granite', input: 'Go on', stream: true };
    const stream = await page.open('/api/v1/chat', { method: 'POST', body });
    await stream.received('message.delta');
    await page.send(CURRENT, { method: 'DELETE' });
    expect(await stream.received('chat.end')).toContain('The session of the console has ended');
  });

  it('is noticed on other servers of the same database within a second', async () => {
    const tokenStore = createMemoryTokenStore();
    const one = await newServer({ tokenStore });
    const other = await newServer({ tokenStore, shares: one.shared });
    const page = await signIn(one, await one.issue(DECIDER));
    const there = await open(other.app, {
      path: '/api/v1/approvals',
      headers: { ...page.headers, accept: 'text/event-stream' },
    });
    await there.received('approval.listed');
    await page.send(CURRENT, { method: 'DELETE' });
    await there.ended;
  });

  it('comes with the end of its token, and is stored', async () => {
    const server = await newServer();
    const { record, token } = await server.auth.issue({ name: 'short', grant: DECIDER }, server.auth.operator());
    const page = await signIn(server, token);
    const stream = await page.open('/api/v1/approvals', { headers: { accept: 'text/event-stream' } });
    await stream.received('approval.listed');
    await server.auth.revoke(record.id, server.auth.operator());
    await stream.ended;
    expect((await page.send(WHOAMI)).status).toBe(401);
    expect(await entriesOf(server, /^session\./)).toMatchObject([
      { type: 'session.started', subject: page.id },
      { type: 'session.ended', subject: page.id, details: { why: 'token ended' } },
    ]);
  });

  it('comes when an administrator ends it, and not when another token tries', async () => {
    const server = await newServer();
    const operator = server.auth.operator();
    const { record, token } = await server.auth.issue({ name: 'lost', grant: CHAT }, operator);
    const page = await signIn(server, token);
    const path = `/api/v1/sessions/${page.id}`;
    const stranger = await server.issue(CHAT, 'stranger');
    expect((await send(server.app, { method: 'DELETE', path, token: stranger })).status).toBe(404);
    const scoped = `${path}?token=${record.id}`;
    expect((await send(server.app, { method: 'DELETE', path: scoped, token: stranger })).status).toBe(403);
    expect((await page.send(WHOAMI)).status).toBe(200);
    const admin = await server.issue({ actions: ['*'], models: ['*'] }, 'admin');
    expect((await send(server.app, { method: 'DELETE', path: scoped, token: admin })).status).toBe(200);
    expect((await page.send(WHOAMI)).status).toBe(401);
  });
});

describe('the list of sessions', () => {
  it('has those of the token and of tokens derived from it, and says which one asks', async () => {
    const server = await newServer();
    const token = await server.issue(CHAT);
    const [one, two] = [await signIn(server, token), await signIn(server, token)];
    await signIn(server, await server.issue(CHAT, 'stranger'));
    const { sessions } = (await one.send('/api/v1/sessions')).json() as {
      sessions: { id: string; current: boolean }[];
    };
    expect(sessions.map(({ id, current }) => [id, current]).sort()).toEqual(
      [
        [one.id, true],
        [two.id, false],
      ].sort(),
    );
    expect(JSON.stringify(sessions)).not.toMatch(/pageKey|sealed|chain/);
  });
});
