import { createMemoryTokenStore, InvalidTokenError, StoreUnavailableError, type TokenStore } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const FAILURES: readonly (readonly [string, Error, number])[] = [
  ['says that the token is wrong', new InvalidTokenError('AUTH_TOKEN_UNKNOWN'), 401],
  ['cannot reach its store', new StoreUnavailableError(new Error('disk on fire')), 503],
  ['has a bug', new TypeError('undefined is not a function'), 500],
];

describe('a verifier that fails lets nobody in as anybody (swallowed errors, default identities)', () => {
  it.each(FAILURES)('when it %s, on every route', async (_, error, status) => {
    const right = await newServer();
    const token = await right.issue({ actions: ['*'], models: ['*'] });
    const auth: Auth = { ...right.auth, verify: () => Promise.reject(error) };
    const server = await newServer({ turns: [says('Hi'), says('Hi')], app: { auth } });
    for (const { method, path, access } of server.routes) {
      if (access === 'public') continue;
      const bodies = access === 'chat' ? [{ model: 'ibm/granite', input: 'Hi', messages: [], stream: true }, {}] : [{}];
      for (const body of bodies) {
        const answer = await send(server.app, {
          method,
          path: path.replace(':id', 'a'),
          token,
          ...(method !== 'GET' && method !== 'DELETE' && { body }),
        });
        expect(answer.status, `${method} ${path}`).toBe(status);
        expect(answer.headers['content-type'], path).not.toContain('event-stream');
        expect(answer.text).not.toContain('disk on fire');
      }
    }
    expect(server.engine.requests).toEqual([]);
  });

  it('when the store fails, at the doors that take a token in the body as well', async () => {
    let fails = false;
    const inner = createMemoryTokenStore();
    const tokenStore: TokenStore = {
      ...inner,
      find: (id) => (fails ? Promise.reject(new Error('disk on fire')) : inner.find(id)),
    };
    const server = await newServer({ tokenStore });
    const { auth } = server;
    const personal = { name: 'laptop', kind: 'personal-access' as const, grant: { actions: ['*' as const] } };
    const { token } = await auth.issue(personal, auth.operator());
    const other = await server.issue({ actions: ['*'], models: ['*'] });
    fails = true;
    const exchange = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: other,
      subject_token_type: 'urn:latchkey:params:oauth:token-type:api-key',
    });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const call of [
      { path: '/oauth/token', body: exchange.toString(), headers: form },
      { path: '/oauth/revoke', body: new URLSearchParams({ token: other }).toString(), headers: form },
      { path: '/api/token/refresh', body: { refresh: token } },
    ]) {
      const answer = await send(server.app, { method: 'POST', ...call });
      expect(answer.status, `${call.path}: ${answer.text}`).toBe(503);
      expect(answer.text).not.toContain('disk on fire');
    }
  });
});
