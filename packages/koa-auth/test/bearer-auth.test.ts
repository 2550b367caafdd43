import { type AuthError, anonymousPrincipal, createMemoryTokenStore } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import { bearerAuth, requireAction } from '../src/index.ts';
import { issueToken, newApp, newAuth } from './app.ts';
import { send } from './in-process-client.ts';

const WELL_FORMED = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';

describe('bearerAuth', () => {
  it('lets the holder of a token in, and says who it is and from where', async () => {
    const auth = newAuth();
    const answer = await send(newApp({ auth }), { authorization: `Bearer ${await issueToken(auth)}` }, '198.51.100.4');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ name: 'ci-bot', address: '198.51.100.4' });
  });

  it('takes the token from x-api-key as well', async () => {
    const auth = newAuth();
    expect((await send(newApp({ auth }), { 'x-api-key': await issueToken(auth) })).status).toBe(200);
  });

  it('answers 401 without a word of error when no token is sent', async () => {
    const answer = await send(newApp({ auth: newAuth() }));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="api"');
    expect(JSON.parse(answer.body).code).toBe('AUTH_TOKEN_MISSING');
  });

  it('answers 401 with invalid_token for a token that nobody has', async () => {
    const answer = await send(newApp({ auth: newAuth() }), { authorization: `Bearer ${WELL_FORMED}` });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(JSON.parse(answer.body).code).toBe('AUTH_TOKEN_UNKNOWN');
  });

  it('refuses a token that was revoked after it was used', async () => {
    const auth = newAuth();
    const token = await issueToken(auth);
    const app = newApp({ auth });
    expect((await send(app, { authorization: `Bearer ${token}` })).status).toBe(200);
    await auth.revoke((await auth.verify(token)).id, auth.operator());
    expect(JSON.parse((await send(app, { authorization: `Bearer ${token}` })).body).code).toBe('AUTH_TOKEN_REVOKED');
  });

  it('answers 503 when the store fails, and lets nobody in', async () => {
    const store = { ...createMemoryTokenStore(), find: () => Promise.reject(new Error('disk on fire')) };
    const answer = await send(newApp({ auth: newAuth(store) }), { authorization: `Bearer ${WELL_FORMED}` });
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).not.toContain('disk on fire');
  });

  it('lets no failure of another kind end in a principal', async () => {
    const auth = { ...newAuth(), verify: () => Promise.reject(new Error('a bug')) };
    expect((await send(newApp({ auth }), { authorization: `Bearer ${WELL_FORMED}` })).status).toBe(500);
  });

  it('reads no credential while authentication is off', async () => {
    const guest = anonymousPrincipal(llm, { actions: ['chat'] }, 'guest');
    const answer = await send(newApp({ auth: newAuth(), optional: guest }), { authorization: 'Bearer nonsense' });
    expect(JSON.parse(answer.body).name).toBe('guest');
  });

  it('tells of each refusal, and refuses all the same', async () => {
    const told: unknown[] = [];
    const onError = (error: AuthError) => told.push(error.code);
    const answer = await send(newApp({ auth: newAuth(), onError }));
    expect(told).toEqual(['AUTH_TOKEN_MISSING']);
    expect(answer.status).toBe(401);
  });

  it('judges networks by the address of the connection, whatever the headers say', async () => {
    const auth = newAuth();
    const token = await issueToken(auth, { actions: ['chat'], networks: ['10.0.0.0/8'] });
    const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': '10.0.0.1' };
    const app = newApp({ auth });
    expect((await send(app, headers, '192.0.2.7')).status).toBe(403);
    expect((await send(app, headers, '::ffff:10.1.2.3')).status).toBe(200);
  });

  it('denies whatever is asked behind it once the token was refused again', async () => {
    const auth = newAuth();
    const { token, record } = await auth.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, auth.operator());
    const app = newApp(
      { auth },
      async function wait(ctx, next) {
        await auth.revoke(record.id, auth.operator());
        await ctx.state.auth.reverify().catch(() => undefined);
        await next();
      },
      requireAction('chat'),
    );
    expect((await send(app, { authorization: `Bearer ${token}` })).status).toBe(403);
  });

  it('decides with the address that a trusted proxy says', async () => {
    const auth = newAuth();
    const token = await issueToken(auth, { actions: ['chat'], networks: ['10.0.0.0/8'] });
    const app = newApp({ auth, trustedProxies: ['192.0.2.7'] }, requireAction('chat'));
    const sendFrom = (forwardedFor: string | string[]) =>
      send(app, { authorization: `Bearer ${token}`, 'x-forwarded-for': forwardedFor }, '192.0.2.7');
    expect(await sendFrom('10.0.0.1')).toMatchObject({ status: 200, body: expect.stringContaining('10.0.0.1') });
    expect((await sendFrom(['10.0.0.1', '198.51.100.4'])).status).toBe(403);
  });

  it('does not start with a trusted proxy that is no address', () => {
    expect(() => bearerAuth({ auth: newAuth(), trustedProxies: ['proxy'] })).toThrow(TypeError);
  });

  it('takes Basic where it is switched on, and offers it only then', async () => {
    const auth = newAuth();
    const headers = { authorization: `Basic ${btoa(`proxy:${await issueToken(auth)}`)}` };
    expect((await send(newApp({ auth }), headers)).headers['www-authenticate']).toBe('Bearer realm="api"');
    expect((await send(newApp({ auth, basic: true }), headers)).status).toBe(200);
    expect((await send(newApp({ auth, basic: true }))).headers['www-authenticate']).toBe(
      'Bearer realm="api", Basic realm="api", charset="UTF-8"',
    );
  });

  it('verifies again for a handler what the request presented', async () => {
    const auth = newAuth();
    const token = await issueToken(auth);
    const app = newApp({ auth }, async function endItself(ctx, next) {
      await auth.revoke(ctx.state.auth.principal.id, auth.operator());
      await ctx.state.auth.reverify();
      await next();
    });
    const answer = await send(app, { authorization: `Bearer ${token}` });
    expect(JSON.parse(answer.body).code).toBe('AUTH_TOKEN_REVOKED');
  });

  it('decides with the entries of the request, which only narrow', async () => {
    const auth = newAuth();
    const token = await issueToken(auth);
    const decisions: boolean[] = [];
    const app = newApp({ auth }, async function look(ctx, next) {
      const entry = { grant: { actions: ['chat' as const], models: ['ibm/small'] }, source: 'request' };
      decisions.push(ctx.state.auth.decide({ action: 'chat', models: 'ibm/large' }).allowed);
      decisions.push(ctx.state.auth.decide({ action: 'chat', models: 'ibm/large' }, [entry]).allowed);
      await next();
    });
    await send(app, { authorization: `Bearer ${token}` });
    expect(decisions).toEqual([true, false]);
  });
});
