import type { AuthError } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { type ProtectOptions, protect } from '../src/index.ts';
import { issueToken, newAuth } from './app.ts';
import { send } from './in-process-client.ts';

type Auth = ReturnType<typeof newAuth>;

const sayName: Koa.Middleware = (ctx) => {
  ctx.body = { name: ctx.state.auth.principal.name };
};

/** An app in which everything is protected, and answers with the name of the caller. */
function newApp(options: { readonly auth: Auth } & Partial<ProtectOptions>, answer?: Koa.Middleware): Koa {
  const app = new Koa();
  app.silent = true;
  app.use(protect({ ...options, auth: options.auth })('chat', (ctx) => ({ models: ctx.get('x-model') })));
  app.use(answer ?? sayName);
  return app;
}

describe('protect', () => {
  it('lets a caller in that may do what the request is about, and no other', async () => {
    const auth = newAuth();
    const authorization = `Bearer ${await issueToken(auth)}`;
    expect((await send(newApp({ auth }), { authorization, 'x-model': 'ibm/small' })).status).toBe(200);
    expect((await send(newApp({ auth }), { authorization, 'x-model': 'other/small' })).status).toBe(403);
    expect((await send(newApp({ auth }))).status).toBe(401);
  });

  it('answers what a handler lets the core refuse, without the headers of its answer', async () => {
    const auth = newAuth();
    const app = newApp({ auth }, (ctx) => {
      ctx.set({ ETag: '"a"', 'Cache-Control': 'public', Vary: 'Origin' });
      ctx.state.auth.require({ action: 'tokens:write' });
    });
    const authorization = `Bearer ${await issueToken(auth)}`;
    const { status, headers } = await send(app, { authorization, 'x-model': 'ibm/small' });
    expect([status, headers.etag, headers['cache-control'], headers.vary]).toEqual([
      403,
      undefined,
      'no-store',
      'Origin',
    ]);
  });

  it('leaves errors that are not of the core to the app', async () => {
    const auth = newAuth();
    const app = newApp({ auth }, () => {
      throw new Error('a bug');
    });
    const heard: unknown[] = [];
    app.on('error', (error) => heard.push(error.message));
    const answer = await send(app, { authorization: `Bearer ${await issueToken(auth)}`, 'x-model': 'ibm/small' });
    expect([answer.status, heard]).toEqual([500, ['a bug']]);
  });

  it('reports each refusal, and refuses all the same', async () => {
    const reported: string[] = [];
    const onError = (error: AuthError) => void reported.push(error.code);
    expect((await send(newApp({ auth: newAuth(), onError }))).status).toBe(401);
    expect(reported).toEqual(['AUTH_TOKEN_MISSING']);
  });

  it('gives the handler types of the vocabulary', () => {
    const guard = protect({ auth: newAuth() });
    // @ts-expect-error the vocabulary has no such action
    guard('invoices:read');
    expect(llm.actions).toContain('chat');
  });
});
