import { AuthError, InvalidGrantError, InvalidTokenError, StoreUnavailableError } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { appOf } from '../app-of.ts';
import { type Answer, send } from '../in-process-client.ts';
import { keepLog } from '../new-server.ts';

async function answerTo(thrown: unknown, path = '/api'): Promise<Answer & { readonly log: string }> {
  const { logger, log } = keepLog();
  const app = appOf(() => Promise.reject(thrown), { logger });
  const answer = await send(app, { path });
  return { ...answer, log: log.join('') };
}

describe('an error', () => {
  it('of ours becomes its status and its words', async () => {
    const answer = await answerTo(new ServerError('MODEL_NOT_FOUND', 'There is no such model.', { param: 'model' }));
    expect(answer.status).toBe(404);
    expect(answer.json()).toEqual({
      error: { type: 'model_not_found', message: 'There is no such model.', code: 'model_not_found', param: 'model' },
    });
  });

  it('about a token comes with a challenge', async () => {
    const answer = await answerTo(new InvalidTokenError('AUTH_TOKEN_REVOKED'));
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(answer.json()).toMatchObject({ error: { code: 'token_revoked' } });
  });

  it.each([undefined, new Error('what denied')])(
    'about a permission comes with a challenge, whoever denied (%s)',
    async (cause) => {
      const answer = await answerTo(new ServerError('PERMISSION_DENIED', 'Denied to use "x".', { cause }));
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer realm="latchkey", error="insufficient_scope", error_description="Denied to use 'x'."`,
      );
      expect((await answerTo(new ServerError('ORIGIN_DENIED', 'No.'))).headers).not.toHaveProperty('www-authenticate');
    },
  );

  it('in a grant names the place in it', async () => {
    const answer = await answerTo(new InvalidGrantError('grant.models[0]', 'is not a text'));
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ error: { param: 'grant.models[0]', code: 'invalid_value' } });
  });

  it('of the store says to try again, and not what happened', async () => {
    const answer = await answerTo(new StoreUnavailableError(new Error('CANARY on fire')));
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.text).not.toContain('CANARY');
    expect(answer.log).toContain('CANARY on fire');
  });

  it.each([
    ['when it says so itself', { retryAfterSeconds: 42 }, '42'],
    ['soon when it does not', {}, '5'],
  ])('that passes with time is to be tried again %s', async (_, details, seconds) => {
    const answer = await answerTo(new ServerError('OVERLOADED', 'Too many.', { details }));
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, seconds]);
  });

  it.each(['AUTH_PERMISSION_DENIED', 'AUTH_TOKEN_NOT_FOUND', 'AUTH_CONFLICT', 'AUTH_GRANT_NOT_COVERED'] as const)(
    'of auth-core has the same status here as in its challenge: %s',
    async (code) => {
      const expected = { AUTH_TOKEN_NOT_FOUND: 404, AUTH_CONFLICT: 409 }[code as string] ?? 403;
      expect((await answerTo(new AuthError(code, 'No.'))).status).toBe(expected);
    },
  );

  it.each([
    ['an Error with a path in it', new Error('ENOENT: /srv/CANARY')],
    ['a text', 'CANARY'],
    ['nothing', undefined],
    [
      'a detail and a cause',
      new ServerError('INTERNAL', 'It failed.', { detail: 'CANARY', cause: new Error('CANARY') }),
    ],
    ["Koa's own error that asks to be exposed", Object.assign(new Error('CANARY'), { status: 418, expose: true })],
  ])('shows nobody what is for the log only: %s', async (_, thrown) => {
    for (const path of ['/api/v1/chat', '/v1/models']) {
      const answer = await answerTo(thrown, path);
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain('CANARY');
      expect(JSON.stringify(answer.headers)).not.toContain('CANARY');
      expect(answer.json()).toMatchObject({ error: { code: 'internal_error' } });
    }
  });

  it('of ours is logged with its cause, under the id that the answer has', async () => {
    const answer = await answerTo(new Error('CANARY'));
    expect(answer.headers['x-request-id']).toBe('id');
    const line = answer.log.split('\n').find((text) => text.includes('CANARY'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 50, request: 'id' });
  });

  it("of the caller's is no error in the log", async () => {
    const { log } = await answerTo(new ServerError('INVALID_REQUEST', 'No.'));
    expect(log).not.toMatch(/"level":(40|50|60)/);
  });
});
