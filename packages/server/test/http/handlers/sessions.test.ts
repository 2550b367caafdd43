import { describe, expect, it } from 'vitest';
import { signIn, startSession } from '../console-page.ts';
import { send } from '../in-process-client.ts';
import { newServer } from '../new-server.ts';

const CHAT = { actions: ['chat' as const], models: ['*'] };
const LINKS = { method: 'POST', path: '/api/v1/sessions/links' };

describe('a link of `latchkey console`', () => {
  it('signs in once, as the token with which it was made', async () => {
    const server = await newServer();
    const token = await server.issue(CHAT, 'mine');
    const made = await send(server.app, { ...LINKS, token });
    expect([made.status, made.text.includes(token)]).toEqual([201, false]);
    const { code: link } = made.json();
    const started = await startSession(server, { link });
    expect(started.json()).toMatchObject({ token: { name: 'mine' } });
    const again = await startSession(server, { link });
    expect([again.status, again.text]).toEqual([401, expect.stringContaining('latchkey console')]);
  });

  it('is neither made nor opened from another machine', async () => {
    const server = await newServer({ app: { trustedProxies: ['127.0.0.1'] } });
    const token = await server.issue(CHAT);
    const away = { 'x-forwarded-for': '10.1.2.3' };
    expect((await send(server.app, { ...LINKS, token, headers: away })).status).toBe(403);
    const { code: link } = (await send(server.app, { ...LINKS, token })).json();
    expect((await startSession(server, { link }, away)).status).toBe(403);
    expect((await startSession(server, { link })).status).toBe(201);
  });

  it('stops working with its token', async () => {
    const server = await newServer();
    const { record, token } = await server.auth.issue({ name: 'short', grant: CHAT }, server.auth.operator());
    const { code: link } = (await send(server.app, { ...LINKS, token })).json();
    await server.auth.revoke(record.id, server.auth.operator());
    expect((await startSession(server, { link })).status).toBe(401);
  });

  it('is not made by a session, which has no token to give', async () => {
    const server = await newServer();
    const page = await signIn(server, await server.issue(CHAT));
    expect((await page.send(LINKS.path, { method: 'POST' })).status).toBe(401);
  });

  it('is not made of a password that the browser of a session adds by itself', async () => {
    const server = await newServer({ app: { basicAuthentication: true } });
    const page = await signIn(server, await server.issue(CHAT));
    const password = Buffer.from(`user:${await server.issue(CHAT)}`).toString('base64');
    const headers = { authorization: `Basic ${password}` };
    expect((await page.send(LINKS.path, { method: 'POST', headers })).status).toBe(401);
  });

  it('is made with a token only, also while authentication is off', async () => {
    const server = await newServer({ anonymous: CHAT });
    expect((await send(server.app, LINKS)).status).toBe(401);
    expect((await send(server.app, { ...LINKS, token: 'wrong' })).status).toBe(401);
    const made = await send(server.app, { ...LINKS, token: await server.issue(CHAT, 'mine') });
    const started = await startSession(server, { link: made.json().code });
    expect(started.json()).toMatchObject({ token: { name: 'mine' } });
  });
});

it.each([{}, { token: 'a', link: 'b' }, { token: 1 }, { secret: 'a' }])('%j is not a sign-in', async (body) => {
  expect((await startSession(await newServer(), body)).status).toBe(400);
});
