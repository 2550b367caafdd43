import { getRequestListener } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { createAuth, createMemoryLimitStore, createMemoryTokenStore, createMeter } from '@latchkey/auth-core';
import { mount as mountInExpress } from '@latchkey/auth-core/express';
import { mount as mountInFastify } from '@latchkey/auth-core/fastify';
import type { AdapterServer } from '@latchkey/auth-core/testing';
import { createTokenApi, type TokenApi } from '@latchkey/auth-core/token-api';
import { mount as mountInKoa } from '@latchkey/koa-auth';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveFetch } from './fetch/serve.ts';
import { listen } from './listen.ts';

type Start = (api: TokenApi) => Promise<AdapterServer>;

const HOSTS: Readonly<Record<string, Start>> = {
  'a fetch handler': (api) => serveFetch(api),
  Hono(api) {
    const app = new Hono();
    app.all(`${api.path}/*`, (context) => api(context.req.raw, getConnInfo(context).remote.address));
    return listen(getRequestListener(app.fetch));
  },
  Express(api) {
    const app = express();
    app.use(api.path, mountInExpress(api));
    return listen(app);
  },
  'Express, behind a parser of bodies'(api) {
    const app = express();
    app.use(express.json());
    app.use(api.path, mountInExpress(api));
    return listen(app);
  },
  async Fastify(api) {
    const app = fastify();
    await app.register(mountInFastify(api, api.path));
    return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() };
  },
  Koa(api) {
    const app = new Koa();
    app.use(mountInKoa(api, api.path));
    return listen(app.callback());
  },
};

async function setUp(start: Start) {
  const auth = createAuth({ store: createMemoryTokenStore(), digestKey: new Uint8Array(32).fill(7) });
  const meter = createMeter({ store: createMemoryLimitStore() });
  const server = await start(createTokenApi(auth, { meter }));
  onTestFinished(async () => {
    await server.close();
    await meter.close();
    await auth.close();
  });
  const grant = { actions: ['tokens:read', 'tokens:write', 'usage:read'], networks: ['127.0.0.0/8', '::1'] } as const;
  const { token } = await auth.issue({ name: 'admin', grant }, auth.operator());
  return async function send(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: headers ?? { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as { readonly id: string; readonly tokens: unknown[] },
    };
  };
}

describe.each(Object.entries(HOSTS))('the administration of tokens in %s', (_, start) => {
  it('makes, shows, lists, rotates and ends tokens for callers from where their grants allow', async () => {
    const send = await setUp(start);
    const grant = { actions: ['usage:read'], networks: ['127.0.0.1', '::1'] };
    const made = await send('POST', '/tokens', { name: 'ci', grant });
    expect(made).toMatchObject({ status: 201, body: { name: 'ci', token: expect.any(String) } });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { id } = made.body;
    expect(await send('GET', `/tokens/${id}`)).toMatchObject({ status: 200, body: { id, name: 'ci' } });
    expect((await send('GET', '/tokens?limit=1')).body.tokens).toHaveLength(1);
    expect(await send('POST', `/tokens/${id}/rotate`, {})).toMatchObject({ status: 200, body: { id } });
    expect(await send('POST', `/tokens/${id}/revoke`)).toMatchObject({ status: 200, body: { id, stored: true } });
    expect(await send('DELETE', `/tokens/${id}`)).toMatchObject({ status: 200, body: { id, deleted: true } });
  });

  it('refuses as everywhere', async () => {
    const send = await setUp(start);
    const stranger = await send('GET', '/tokens', undefined, { connection: 'close' });
    expect(stranger).toMatchObject({ status: 401, body: { error: { code: 'AUTH_TOKEN_MISSING' } } });
    expect(stranger.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
    const grant = { actions: ['*'] };
    expect(await send('POST', '/tokens', { name: 'ci', grant })).toMatchObject({
      status: 403,
      body: { error: { code: 'AUTH_GRANT_NOT_COVERED' } },
    });
    expect(await send('POST', '/tokens', { name: 'ci' })).toMatchObject({
      status: 400,
      body: { error: { code: 'AUTH_INPUT_INVALID' } },
    });
  });
});
