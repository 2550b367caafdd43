import { InvalidTokenError } from '@latchkey/auth-core';
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
