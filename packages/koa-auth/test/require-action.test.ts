import type { Grant } from '@latchkey/auth-core/llm';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { type AuthState, requireAction } from '../src/index.ts';
import { issueToken, newApp, newAuth } from './app.ts';
import { send } from './in-process-client.ts';

async function sendWith(grant: object, ...middleware: Koa.Middleware<AuthState>[]) {
  const auth = newAuth();
  return send(newApp({ auth }, ...middleware), { authorization: `Bearer ${await issueToken(auth, grant as Grant)}` });
}

describe('requireAction', () => {
  it('lets an action pass that is granted', async () => {
    expect((await sendWith({ actions: ['chat'] }, requireAction('chat'))).status).toBe(200);
  });

  it('answers 403 with insufficient_scope and the reason for one that is not', async () => {
    const answer = await sendWith({ actions: ['chat'] }, requireAction('tokens:write'));
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
    expect(JSON.parse(answer.body)).toEqual({
      code: 'AUTH_PERMISSION_DENIED',
      message: 'Permission denied by grant #2 (token ci-bot): action tokens:write is not granted.',
    });
  });

  it('decides what the request is about, too', async () => {
    const grant = { actions: ['chat'], models: ['ibm/*'] };
    expect(
      (
        await sendWith(
          grant,
          requireAction('chat', () => ({ models: 'ibm/granite' })),
        )
      ).status,
    ).toBe(200);
    expect(
      (
        await sendWith(
          grant,
          requireAction('chat', () => ({ models: 'other/one' })),
        )
      ).status,
    ).toBe(403);
    expect(
      (
        await sendWith(
          grant,
          requireAction('chat', () => undefined),
        )
      ).status,
    ).toBe(200);
  });

  it('lets no description change the action', async () => {
    const describeAs = () => ({ action: 'chat' }) as object;
    expect((await sendWith({ actions: ['chat'] }, requireAction('tokens:write', describeAs))).status).toBe(403);
  });

  it('passes no request whose description lacks a value, which nothing would decide', async () => {
    const describeAs = () => ({ models: undefined }) as object;
    const grant = { actions: ['chat'], models: ['ibm/*'] };
    expect((await sendWith(grant, requireAction('chat', describeAs))).status).toBe(500);
  });

  it('fails without bearerAuth before it, and runs nothing behind it', async () => {
    const app = new Koa<AuthState>();
    app.silent = true;
    let reached = false;
    app.use(requireAction('chat'));
    app.use(() => {
      reached = true;
    });
    expect((await send(app)).status).toBe(500);
    expect(reached).toBe(false);
  });
});
