import { createAccessTokenVerifier, introspectionCheck } from '@latchkey/auth-core/jwt';
import { llm } from '@latchkey/auth-core/llm';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { exchange, postForm, TOKEN_TYPES } from '../support/oauth.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const ISSUER = 'https://latchkey.example';
const REPORTS = 'https://reports.example';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ config: { publicUrl: ISSUER } });
});
afterAll(() => server[Symbol.asyncDispose]());

const jwksUrl = () => new URL('/.well-known/jwks.json', server.url);
const verifier = (isRevoked?: (token: string) => Promise<boolean>) =>
  createAccessTokenVerifier({
    vocabulary: llm,
    jwks: jwksUrl(),
    issuer: ISSUER,
    audience: REPORTS,
    ...(isRevoked && { isRevoked }),
  });

describe('access tokens', () => {
  verifies('oauth.offline', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT, { owner: 'ada' });
    const { status, headers, body } = await exchange(server.url, parent.token, { audience: REPORTS, expires_in: '60' });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toMatchObject({ token_type: 'Bearer', issued_token_type: TOKEN_TYPES.accessToken });
    const { payload, protectedHeader } = await jwtVerify(body.access_token, createRemoteJWKSet(jwksUrl()), {
      issuer: ISSUER,
      audience: REPORTS,
      typ: 'at+jwt',
    });
    expect(payload).toMatchObject({ sub: 'ada', client_id: parent.id, jti: expect.any(String) });
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', kid: expect.any(String) });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60);
    expect(await verifier().verify(body.access_token)).toMatchObject({ owner: 'ada', rootId: parent.id });
  });

  verifies('oauth.audience', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT);
    const { body } = await exchange(server.url, parent.token, { audience: REPORTS });
    expect(await createApi(server.url, body.access_token).get('/api/v1/whoami')).toMatchObject({
      status: 401,
      body: { error: { code: 'token_wrong_audience' } },
    });
    const own = await exchange(server.url, parent.token, {});
    await expect(verifier().verify(own.body.access_token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_WRONG_AUDIENCE' });
  });

  verifies('oauth.online', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT);
    const asking = await createToken(server, 'reports', { actions: [] });
    const { access_token: token } = (await exchange(server.url, parent.token, { audience: REPORTS })).body;
    const online = verifier(introspectionCheck({ url: `${server.url}/oauth/introspect`, token: asking.token }));
    expect(await online.verify(token)).toMatchObject({ rootId: parent.id });
    await server.admin.delete(`/api/v1/tokens/${parent.id}`);
    await expect.poll(() => online.verify(token).catch((error) => error.code)).toBe('AUTH_TOKEN_REVOKED');
    expect(await verifier().verify(token)).toMatchObject({ rootId: parent.id });
  });

  verifies('oauth.introspect', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT, { owner: 'ada' });
    const bearer = { Authorization: `Bearer ${parent.token}` };
    const ask = (token: string) => postForm(`${server.url}/oauth/introspect`, { token }, bearer);
    const { access_token: token } = (await exchange(server.url, parent.token, { audience: REPORTS, scope: 'chat' }))
      .body;
    expect((await ask(token)).body).toMatchObject({
      active: true,
      sub: 'ada',
      client_id: parent.id,
      aud: REPORTS,
      iss: ISSUER,
      scope: 'chat',
    });
    expect((await ask('nonsense')).body).toEqual({ active: false });
    expect((await postForm(`${server.url}/oauth/introspect`, { token })).status).toBe(401);
    expect((await postForm(`${server.url}/oauth/revoke`, { token })).status).toBe(200);
    await expect.poll(async () => (await ask(token)).body).toEqual({ active: false });
    expect((await postForm(`${server.url}/oauth/revoke`, { token: 'nonsense' })).status).toBe(200);
  });

  verifies('oauth.narrower', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT);
    const wider = JSON.stringify({ actions: ['*'], models: ['*'] });
    for (const type of Object.values(TOKEN_TYPES)) {
      const { body } = await exchange(server.url, parent.token, { grant: wider, requested_token_type: type });
      const child = createApi(server.url, body.access_token);
      expect((await child.get('/api/v1/tokens')).status).toBe(403);
      expect((await child.chat({ input: 'Hello' })).status).toBe(200);
      const scoped = await exchange(server.url, parent.token, { scope: 'models:read', requested_token_type: type });
      expect(scoped.body.scope).toBe('models:read');
      const more = await exchange(server.url, parent.token, { scope: 'tokens:write chat', requested_token_type: type });
      expect(more.body.scope).toBe('chat');
      const reader = createApi(server.url, scoped.body.access_token);
      expect((await reader.get('/v1/models')).status).toBe(200);
      expect((await reader.chat({ input: 'Hello' })).status).toBe(403);
    }
  });

  verifies('oauth.lm-studio-shape', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT);
    const { body } = await exchange(server.url, parent.token, { requested_token_type: TOKEN_TYPES.apiKey });
    expect(body.access_token).toMatch(/^sk-lm-[A-Za-z0-9]{8}:[A-Za-z0-9]{20}$/);
  });

  verifies('oauth.limited', async () => {
    const parent = await createToken(server, 'slow', { ...CHAT_GRANT, limits: { requestsPerMinute: 1 } });
    const answers = [await exchange(server.url, parent.token, {}), await exchange(server.url, parent.token, {})];
    // A minute may begin between the two; then a third one is too many.
    answers.push(await exchange(server.url, parent.token, {}));
    expect(answers.map(({ status }) => status)).toContain(429);
  });

  verifies('oauth.errors', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT);
    const refusals: readonly (readonly [Record<string, string>, string])[] = [
      [{ grant_type: 'password' }, 'unsupported_grant_type'],
      [{ subject_token: 'nonsense' }, 'invalid_grant'],
      [{ requested_token_type: 'urn:nobody' }, 'invalid_request'],
      [{ scope: 'fly' }, 'invalid_scope'],
      [{ scope: 'tokens:write audit:read' }, 'invalid_scope'],
      [{ grant: '{' }, 'invalid_request'],
      [{ actor_token: 'x' }, 'invalid_request'],
    ];
    for (const [form, error] of refusals) {
      expect(await exchange(server.url, parent.token, form), error).toMatchObject({ status: 400, body: { error } });
    }
  });

  verifies('oauth.key-rotation', async () => {
    const parent = await createToken(server, 'ci', CHAT_GRANT);
    const { access_token: old } = (await exchange(server.url, parent.token, { audience: REPORTS })).body;
    const { access_token: own } = (await exchange(server.url, parent.token, {})).body;
    expect((await server.admin.post('/api/v1/keys/rotate', {})).body).toMatchObject({ kid: expect.any(String) });
    const { keys } = (await createApi(server.url, undefined).get('/.well-known/jwks.json')).body;
    expect(keys).toHaveLength(2);
    expect(await verifier().verify(old)).toMatchObject({ rootId: parent.id });
    expect((await server.admin.post('/api/v1/keys/rotate', { compromised: true })).status).toBe(200);
    await expect(verifier().verify(old)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
    await expect.poll(async () => (await createApi(server.url, own).get('/api/v1/whoami')).status).toBe(401);
    expect((await parent.post('/api/v1/keys/rotate', {})).status).toBe(403);
  });
});
