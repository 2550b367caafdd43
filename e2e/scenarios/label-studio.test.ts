import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const nobody = () => createApi(server.url, undefined);
const notValid = { status: 401, body: { detail: expect.any(String), code: 'token_not_valid' } };

async function makePersonal(more: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await server.admin.post('/api/token/', more);
  expect([status, Object.keys(body)]).toEqual([201, ['token']]);
  return body.token;
}

describe("Label Studio's routes", () => {
  for (const slash of ['', '/']) {
    verifies(
      'label-studio.refresh',
      async () => {
        const refresh = await makePersonal();
        const { status, body } = await nobody().post(`/api/token/refresh${slash}`, { refresh });
        expect([status, Object.keys(body)]).toEqual([200, ['access']]);
        const { exp = 0, iat = 0, token_type: type } = decodeJwt(body.access);
        expect([exp - iat, type]).toEqual([300, 'access']);
        expect((await createApi(server.url, body.access).chat({ input: 'Hello' })).status).toBe(200);
        for (const wrong of [`${refresh}x`, 'nonsense', body.access, server.admin.token]) {
          expect(await nobody().post(`/api/token/refresh${slash}`, { refresh: wrong })).toMatchObject(notValid);
        }
      },
      slash === '' ? 'as the guide writes it' : 'as the SDK writes it',
    );
  }

  verifies('label-studio.direct', async () => {
    const refresh = await makePersonal();
    expect((await createApi(server.url, refresh).get('/api/v1/whoami')).body.kind).toBe('personal-access');
    expect(decodeJwt(refresh)).toMatchObject({ token_type: 'refresh', exp: expect.any(Number), sub: 'operator' });
  });

  verifies('label-studio.access-expires', async () => {
    await server.admin.patch('/api/v1/settings', { accessTokenTtl: '1s' });
    const refresh = await makePersonal();
    const fetchAccess = async (): Promise<string> =>
      (await nobody().post('/api/token/refresh', { refresh })).body.access;
    const access = createApi(server.url, await fetchAccess());
    await expect
      .poll(() => access.get('/api/v1/whoami'))
      .toMatchObject({ status: 401, body: { error: { code: 'token_expired' } } });
    await server.admin.patch('/api/v1/settings', { accessTokenTtl: '5m' });
    expect((await createApi(server.url, await fetchAccess()).get('/api/v1/whoami')).status).toBe(200);
  });

  verifies('label-studio.list', async () => {
    const owner = {
      name: 'ada',
      owner: 'ada',
      grant: { ...CHAT_GRANT, actions: [...CHAT_GRANT.actions, 'tokens:read', 'tokens:write'] },
    };
    const ada = createApi(server.url, (await server.admin.post('/api/v1/tokens', owner)).body.token);
    const made: string = (await ada.post('/api/token/', { grant: CHAT_GRANT })).body.token;
    const stub = made.slice(0, made.lastIndexOf('.'));
    expect((await ada.get('/api/token/')).body).toEqual([{ token: stub }]);
    expect(await ada.post('/api/token/blacklist/', { refresh: stub })).toMatchObject({ status: 204 });
    expect((await ada.get('/api/token')).body).toEqual([]);
    expect(await nobody().post('/api/token/refresh/', { refresh: made })).toMatchObject(notValid);
    expect(await ada.post('/api/token/blacklist/', { refresh: stub })).toMatchObject({
      status: 404,
      body: { detail: expect.any(String) },
    });
  });

  verifies('label-studio.blacklist', async () => {
    const refresh = await makePersonal();
    const foreign = createApi(
      server.url,
      (await server.admin.post('/api/v1/tokens', { name: 'x', grant: CHAT_GRANT })).body.token,
    );
    const stub = refresh.slice(0, refresh.lastIndexOf('.'));
    expect((await foreign.post('/api/token/blacklist/', { refresh: stub })).status).toBe(404);
    expect((await server.admin.post('/api/token/blacklist/', { refresh })).status).toBe(204);
    expect(await nobody().post('/api/token/refresh/', { refresh })).toMatchObject(notValid);
  });

  verifies('label-studio.rotate', async () => {
    const refresh = await makePersonal({ grant: CHAT_GRANT });
    const holder = createApi(server.url, refresh);
    const { status, body } = await holder.post('/api/token/rotate/', { refresh });
    expect([status, Object.keys(body)]).toEqual([200, ['refresh']]);
    expect((await createApi(server.url, body.refresh).get('/api/v1/whoami')).status).toBe(200);
    expect(await nobody().post('/api/token/refresh/', { refresh })).toMatchObject(notValid);
    expect(await server.admin.post('/api/token/rotate/', { refresh })).toMatchObject({
      status: 400,
      body: { detail: expect.any(String) },
    });
  });
});
