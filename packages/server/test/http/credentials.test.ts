import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer } from './new-server.ts';

const grant = { actions: ['models:read'], models: ['*'] };
const path = '/api/v1/models';

describe('the server takes a token', () => {
  it('as Bearer, as Token and as x-api-key', async () => {
    const { app, issue } = await newServer();
    const token = await issue(grant);
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { authorization: `Token ${token}` },
      { 'x-api-key': token },
    ]) {
      expect((await send(app, { path, headers })).status).toBe(200);
    }
  });

  it('as the password of HTTP Basic only where that is configured, and offers it only then', async () => {
    for (const basicAuthentication of [false, true]) {
      const { app, issue } = await newServer({ app: { basicAuthentication } });
      const headers = { authorization: `Basic ${btoa(`proxy:${await issue(grant)}`)}` };
      expect((await send(app, { path, headers })).status).toBe(basicAuthentication ? 200 : 401);
      const { 'www-authenticate': offers = '' } = (await send(app, { path })).headers;
      expect(offers.includes('Basic realm=')).toBe(basicAuthentication);
      expect(offers).toContain('Bearer realm=');
    }
  });
});

describe('a grant that names networks', () => {
  const local = { ...grant, networks: ['10.0.0.0/8'] };

  it('is not satisfied by an X-Forwarded-For that anybody may write', async () => {
    const { app, issue } = await newServer();
    const answer = await send(app, { path, token: await issue(local), headers: { 'x-forwarded-for': '10.0.0.1' } });
    expect(answer.status).toBe(403);
  });

  it('is satisfied by what a trusted proxy has written, and not by what its client wrote before', async () => {
    const { app, issue } = await newServer({ app: { trustedProxies: ['127.0.0.0/8'] } });
    const token = await issue(local);
    const statusFor = async (forwardedFor: string) =>
      (await send(app, { path, token, headers: { 'x-forwarded-for': forwardedFor } })).status;
    expect(await statusFor('198.51.100.4, 10.0.0.1')).toBe(200);
    expect(await statusFor('10.0.0.1, 198.51.100.4')).toBe(403);
  });
});
