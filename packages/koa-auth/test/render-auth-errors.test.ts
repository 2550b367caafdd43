import { InvalidTokenError, StoreUnavailableError } from '@latchkey/auth-core';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { renderAuthErrors } from '../src/index.ts';
import { send } from './in-process-client.ts';

function newThrowingApp(fail: Koa.Middleware): Koa {
  const app = new Koa();
  app.silent = true;
  app.use(renderAuthErrors({ render: ({ code }, ctx) => ({ code, path: ctx.path }), realm: 'models' }));
  app.use(fail);
  return app;
}

describe('renderAuthErrors', () => {
  it("answers with the caller's body, and the status and headers of the challenge", async () => {
    const answer = await send(
      newThrowingApp(() => {
        throw new InvalidTokenError('AUTH_TOKEN_MISSING');
      }),
    );
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="models"');
    expect(JSON.parse(answer.body)).toEqual({ code: 'AUTH_TOKEN_MISSING', path: '/' });
  });

  it('keeps no header of the answer that is not given', async () => {
    const answer = await send(
      newThrowingApp((ctx) => {
        ctx.set({ 'Cache-Control': 'public', ETag: '"1"', 'CDN-Cache-Control': 'max-age=60', Vary: 'Origin' });
        throw new InvalidTokenError('AUTH_TOKEN_MISSING');
      }),
    );
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', vary: 'Origin' });
    expect(Object.keys(answer.headers)).not.toEqual(expect.arrayContaining(['etag']));
    expect(Object.keys(answer.headers)).not.toEqual(expect.arrayContaining(['cdn-cache-control']));
  });

  it('reports a failure to the app, and no refusal', async () => {
    for (const [error, heard] of [
      [new StoreUnavailableError(new Error('the disk')), 1],
      [new InvalidTokenError('AUTH_TOKEN_MISSING'), 0],
    ] as const) {
      const app = newThrowingApp(() => {
        throw error;
      });
      const failures: unknown[] = [];
      app.on('error', (failure) => failures.push(failure));
      expect((await send(app)).status).toBe(heard === 1 ? 503 : 401);
      expect(failures).toEqual(heard === 1 ? [error] : []);
    }
  });

  it('leaves every other error to others', async () => {
    const app = newThrowingApp(() => {
      throw new Error('the inside of the server');
    });
    const failures: string[] = [];
    app.on('error', (error) => failures.push(error.message));
    expect(await send(app)).toMatchObject({ status: 500, body: 'Internal Server Error' });
    expect(failures).toEqual(['the inside of the server']);
  });

  it('passes on an error that comes when the answer has gone out', async () => {
    const app = newThrowingApp((ctx) => {
      ctx.res.writeHead(200).end('the answer');
      throw new InvalidTokenError('AUTH_TOKEN_MISSING');
    });
    const failures: unknown[] = [];
    app.on('error', (error) => failures.push(error.code));
    expect(await send(app)).toMatchObject({ status: 200, body: 'the answer' });
    expect(failures).toEqual(['AUTH_TOKEN_MISSING']);
  });
});
