import { expect, it } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const chunked = { 'transfer-encoding': 'chunked' };

it('a body that may be left out counts when it comes in chunks, without a length', async () => {
  const server = await newServer();
  const token = await server.issue({ actions: ['*'], models: ['*'] });
  const kids = async () =>
    ((await send(server.app, { path: '/.well-known/jwks.json' })).json().keys as { kid: string }[]).map(
      ({ kid }) => kid,
    );
  const [old] = await kids();
  // The keys that were said to be compromised are gone.
  const rotate = { method: 'POST', path: '/api/v1/keys/rotate', token, headers: chunked };
  expect((await send(server.app, { ...rotate, body: { compromised: true } })).status).toBe(200);
  expect(await kids()).not.toContain(old);
  // The token has the grant that was asked for, and not all that its maker may.
  const create = { method: 'POST', path: '/api/token', token, headers: chunked };
  const made = await send(server.app, { ...create, body: { grant: { actions: ['chat'] } } });
  const whoami = await send(server.app, { path: '/api/v1/tokens', token: made.json().token as string });
  expect([made.status, whoami.status]).toEqual([201, 403]);
});

it('a body that may be left out may be left out', async () => {
  const server = await newServer();
  const token = await server.issue({ actions: ['*'], models: ['*'] });
  for (const path of ['/api/v1/keys/rotate', '/api/token']) {
    for (const headers of [{}, { 'content-length': '0' }]) {
      expect((await send(server.app, { method: 'POST', path, token, headers })).status).toBeLessThan(300);
    }
  }
});
