import { ACTIONS, type Action } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { dialectOf, type Route } from '../../src/http/routes.ts';
import { says } from '../scripted/engine-script.ts';
import { type Answer, send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

/** Who may go through which door. A row is added here by hand, or the test fails: that is its point. */
const DOORS: readonly (readonly [string, Route['access']])[] = [
  ['GET /health', 'public'],
  ['GET /api/v1/whoami', 'authenticated'],
  ['POST /api/v1/can', 'authenticated'],
  ['POST /api/v1/chat', 'chat'],
  ['GET /api/v1/models', 'models:read'],
  ['GET /api/v1/tokens', 'tokens:read'],
  ['POST /api/v1/tokens', 'tokens:write'],
  ['GET /api/v1/tokens/:id', 'tokens:read'],
  ['PATCH /api/v1/tokens/:id', 'tokens:write'],
  ['DELETE /api/v1/tokens/:id', 'tokens:write'],
  ['POST /v1/chat/completions', 'chat'],
  ['GET /v1/models', 'models:read'],
];

/** A request that each door takes when it lets one in. */
const BODIES: Readonly<Record<string, unknown>> = {
  'POST /api/v1/can': { action: 'chat' },
  'POST /api/v1/chat': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/v1/tokens': { name: 'x', grant: { actions: [] } },
  'PATCH /api/v1/tokens/:id': { name: 'x' },
  'POST /v1/chat/completions': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
};

function knock({ app }: TestServer, door: string, token?: string): Promise<Answer> {
  const [method = '', path = ''] = door.split(' ');
  const body = BODIES[door];
  return send(app, {
    method,
    path: path.replace(':id', 'AAAAAAAA'),
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body }),
  });
}

const guarded = DOORS.filter(([, access]) => access !== 'public').map(([door]) => door);

describe('the doors of the server', () => {
  it('are those of the list, and there is no other', async () => {
    const { routes } = await newServer();
    expect(routes.map(({ method, path, access }) => [`${method} ${path}`, access])).toEqual(DOORS);
  });

  it.each(guarded)('%s is closed to whoever has no token', async (door) => {
    const answer = await knock(await newServer(), door);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
    expect(answer.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
  });

  it.each(guarded)('%s is closed to whoever has a wrong one', async (door) => {
    const server = await newServer();
    const right = await server.issue({ actions: ['*'] });
    for (const token of [
      'nonsense',
      `${right.slice(0, -1)}_`,
      right.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    ]) {
      expect((await knock(server, door, token)).status).toBe(401);
    }
  });

  it.each(guarded)('%s is closed to a HEAD without a token', async (door) => {
    const path = door.split(' ')[1] ?? '';
    expect([401, 405]).toContain((await send((await newServer()).app, { method: 'HEAD', path })).status);
  });

  it.each(DOORS.filter(([, access]) => !['public', 'authenticated'].includes(access)))(
    '%s opens to %s and to no other action',
    async (door, access) => {
      const server = await newServer({ turns: [says('Hi')] });
      for (const action of ACTIONS) {
        const answer = await knock(server, door, await server.issue({ actions: [action], models: ['*'] }));
        if (action === access) expect(answer.status, action).not.toBe(403);
        else {
          expect(answer.status, action).toBe(403);
          expect(answer.json()).toMatchObject({ error: { code: 'permission_denied' } });
          expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
        }
      }
    },
  );

  it('stay closed when the policy of the server does not open them, whatever the token says', async () => {
    const server = await newServer({ policy: { actions: ['models:read'] } });
    const token = await server.issue({ actions: ['*'], models: ['*'] });
    const statuses = await Promise.all(guarded.map(async (door) => [door, (await knock(server, door, token)).status]));
    const open = statuses.filter(([, status]) => status !== 403).map(([door]) => door);
    expect(open).toEqual(['GET /api/v1/whoami', 'POST /api/v1/can', 'GET /api/v1/models', 'GET /v1/models']);
  });

  it.each(DOORS.map(([door]) => door))('%s does not open to a foreign Host or web page', async (door) => {
    const server = await newServer();
    const token = await server.issue({ actions: ['*'], models: ['*'] });
    const [method = '', path = ''] = door.split(' ');
    for (const headers of [{ host: 'evil.com' }, { origin: 'https://evil.com' }]) {
      const answer = await send(server.app, { method, path, token, headers });
      expect([answer.status, answer.json()]).toMatchObject([403, { error: { code: 'origin_denied' } }]);
    }
  });

  it('ask for the action before they read what is sent', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['models:read'] });
    const answer = await send(server.app, { method: 'POST', path: '/api/v1/chat', token, body: 'not JSON' });
    expect(answer.status).toBe(403);
  });

  it('say of themselves no more than that they are there, to whoever asks', async () => {
    const answer = await send((await newServer()).app, { path: '/health' });
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok' }]);
  });
});

describe('a server without authentication', () => {
  const anonymous = { actions: ['chat', 'models:read'] as Action[], models: ['*'] };

  it('opens what its anonymous grant opens', async () => {
    const server = await newServer({ anonymous, turns: [says('Hi')] });
    expect((await knock(server, 'POST /api/v1/chat')).status).toBe(200);
    expect((await knock(server, 'GET /v1/models')).status).toBe(200);
  });

  it('keeps administration and tools closed', async () => {
    const server = await newServer({ anonymous });
    for (const door of guarded.filter((name) => name.includes('/tokens'))) {
      expect((await knock(server, door)).status).toBe(403);
    }
    const body = { model: 'ibm/granite', input: 'Hi', integrations: ['mcp/a'] };
    expect((await send(server.app, { method: 'POST', path: '/api/v1/chat', body })).status).toBe(403);
  });
});

describe('where there is no door', () => {
  it.each(['/', '/api', '/api/v1', '/v1', '/admin', '/api/v1/tokens/a/b', '/%2e%2e/health'])(
    '%s is not found',
    async (path) => {
      const answer = await send((await newServer()).app, { method: 'POST', path });
      expect([404, 405]).toContain(answer.status);
      expect(answer.json()).toHaveProperty('error.code');
    },
  );

  it('says so for a method that a path does not take', async () => {
    const { app } = await newServer();
    for (const [method, path] of [
      ['GET', '/api/v1/chat'],
      ['PUT', '/api/v1/tokens'],
      ['DELETE', '/v1/models'],
      ['TRACE', '/health'],
      ['PROPFIND', '/health'],
    ] as const) {
      const answer = await send(app, { method, path });
      expect(answer.status, `${method} ${path}`).toBe(405);
      expect(answer.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
    }
  });
});

describe('an error', () => {
  it('is told in the words of the API that was spoken to', async () => {
    const { app } = await newServer();
    expect((await send(app, { path: '/v1/models' })).json()).toMatchObject({ error: { type: 'authentication_error' } });
    expect((await send(app, { path: '/api/v1/models' })).json()).toMatchObject({ error: { type: 'invalid_request' } });
    expect(dialectOf('/v1/anything').name).toBe('openai');
    expect(dialectOf('/elsewhere').name).toBe('lmstudio');
  });
});
