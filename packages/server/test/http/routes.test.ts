import { type Action, llm } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { BODY_DOORS, type Door, OTHER_DOORS } from '../../../../e2e/hostile-caller/doors.ts';
import { lmstudioDialect } from '../../src/dialects/lmstudio/index.ts';
import { createDialectOf } from '../../src/http/dialect-of.ts';
import type { Route } from '../../src/http/route.ts';
import { type Answer, send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

/** Who may go through which door. A row is added here by hand, or the test fails: that is its point. */
const DOORS: readonly (readonly [string, Route['access']])[] = [
  ['POST /api/v1/chat', 'chat'],
  ['POST /v1/chat/completions', 'chat'],
  ['POST /v1/messages', 'chat'],
  ['POST /api/v0/chat/completions', 'chat'],
  ['POST /v1/responses', 'chat'],
  ['GET /v1/responses/:id', 'chat'],
  ['DELETE /v1/responses/:id', 'chat'],
  ['GET /v1/responses/:id/input_items', 'chat'],
  ['POST /v1/responses/:id/cancel', 'chat'],
  ['POST /v1/responses/input_tokens', 'chat'],
  ['GET /health', 'public'],
  ['GET /live', 'public'],
  ['GET /ready', 'public'],
  ['GET /metrics', 'metrics:read'],
  ['GET /api/v1/whoami', 'authenticated'],
  ['GET /api/current-user/whoami', 'authenticated'],
  ['POST /api/v1/can', 'authenticated'],
  ['GET /api/v1/models', 'models:read'],
  ['POST /api/v1/models/load', 'models:load'],
  ['POST /api/v1/models/unload', 'models:load'],
  ['POST /api/v1/models/download', 'models:download'],
  ['GET /api/v1/models/download/status/:id', 'models:download'],
  ['POST /api/v1/models/download/cancel', 'models:download'],
  ['POST /api/v1/models/delete', 'models:download'],
  ['GET /console', 'public'],
  ['GET /console/*path', 'public'],
  ['GET /docs', 'public'],
  ['GET /docs/*path', 'public'],
  ['GET /llms.txt', 'public'],
  ['POST /api/v1/sessions', 'public'],
  ['GET /api/v1/sessions', 'authenticated'],
  ['POST /api/v1/sessions/links', 'authenticated'],
  ['DELETE /api/v1/sessions/current', 'public'],
  ['DELETE /api/v1/sessions/:id', 'authenticated'],
  ['GET /api/v1/sign-in', 'public'],
  ['GET /openid/start', 'public'],
  ['GET /openid/callback', 'public'],
  ['GET /api/v1/settings', 'settings:read'],
  ['PATCH /api/v1/settings', 'settings:write'],
  ['GET /api/v1/tokens', 'tokens:read'],
  ['POST /api/v1/tokens', 'tokens:write'],
  ['POST /api/v1/tokens/import', 'tokens:write'],
  ['GET /api/v1/token-doctor', 'tokens:read'],
  ['GET /api/v1/tokens/:id', 'tokens:read'],
  ['POST /api/v1/tokens/revoke-self', 'authenticated'],
  ['POST /api/v1/tokens/revoke', 'tokens:write'],
  ['PATCH /api/v1/tokens/:id', 'tokens:write'],
  ['POST /api/v1/tokens/:id/rotate', 'tokens:write'],
  ['POST /api/v1/tokens/:id/revoke', 'tokens:write'],
  ['DELETE /api/v1/tokens/:id', 'tokens:write'],
  ['POST /api/v1/keys/rotate', 'settings:write'],
  ['GET /.well-known/jwks.json', 'public'],
  ['POST /oauth/token', 'public'],
  ['POST /oauth/revoke', 'public'],
  ['POST /oauth/introspect', 'authenticated'],
  ['POST /api/token/refresh', 'public'],
  ['GET /api/token', 'authenticated'],
  ['POST /api/token', 'tokens:write'],
  ['POST /api/token/blacklist', 'authenticated'],
  ['POST /api/token/rotate', 'authenticated'],
  ['GET /api/v1/approvals', 'approvals:decide'],
  ['GET /api/v1/approvals/:id', 'approvals:decide'],
  ['POST /api/v1/approvals/:id', 'approvals:decide'],
  ['GET /api/v1/mcp/servers', 'mcp:read'],
  ['GET /api/v1/mcp/servers/:label/logs', 'mcp:read'],
  ['GET /api/v1/mcp/servers/:label/login', 'authenticated'],
  ['POST /api/v1/mcp/servers/:label/login', 'authenticated'],
  ['POST /api/v1/mcp/servers/:label/login/:id', 'authenticated'],
  ['DELETE /api/v1/mcp/servers/:label/login', 'authenticated'],
  ['GET /oauth/client.json', 'public'],
  ['GET /api/v1/mcp/servers/:label/pins', 'mcp:read'],
  ['POST /api/v1/mcp/servers/:label/approve', 'mcp:write'],
  ['GET /api/v1/responses', 'authenticated'],
  ['GET /api/v1/responses/:id', 'authenticated'],
  ['DELETE /api/v1/responses/:id', 'authenticated'],
  ['GET /api/v1/audit', 'audit:read'],
  ['POST /api/v1/erasures', 'tokens:write'],
  ['POST /api/v1/operator', 'public'],
  ['GET /api/v1/usage', 'usage:read'],
  ['GET /lmstudio-greeting', 'public'],
  ['GET /lms-status', 'public'],
  ['POST /v1/embeddings', 'embeddings'],
  ['POST /api/v0/embeddings', 'embeddings'],
  ['POST /v1/decisions', 'chat'],
  ['POST /v1/systemone', 'chat'],
  ['POST /v1/completions', 'chat'],
  ['POST /api/v0/completions', 'chat'],
  ['GET /api/v0/models', 'models:read'],
  ['GET /api/v0/models/*id', 'models:read'],
  ['GET /v1/models', 'models:read'],
  ['GET /v1/models/*id', 'models:read'],
  ['POST /v1/messages/count_tokens', 'chat'],
  ['POST /api/chat', 'chat'],
  ['POST /api/generate', 'chat'],
  ['GET /', 'public'],
  ['GET /api/version', 'authenticated'],
  ['GET /api/tags', 'models:read'],
  ['GET /api/ps', 'models:read'],
  ['POST /api/show', 'models:read'],
  ['POST /api/embed', 'embeddings'],
  ['POST /api/embeddings', 'embeddings'],
  ['POST /api/pull', 'models:download'],
  ['POST /api/copy', 'models:download'],
  ['DELETE /api/delete', 'models:download'],
  ['POST /mcp', 'chat'],
  ['GET /.well-known/oauth-protected-resource/mcp', 'public'],
  ['GET /.well-known/oauth-protected-resource', 'public'],
  ['GET /.well-known/oauth-authorization-server', 'public'],
  ['GET /oauth/authorize', 'public'],
  ['POST /oauth/register', 'public'],
  ['GET /api/v1/oauth/authorization', 'chat'],
  ['POST /api/v1/oauth/authorization', 'chat'],
];

/** What an answer calls its error, in whatever words of an API. */
function errorOf(answer: Answer): unknown {
  const { error, code } = answer.json() as { error?: unknown; code?: unknown };
  // JSON-RPC has numbers for codes, and its own place for the word.
  if (error instanceof Object && 'data' in error) return (error.data as { code: unknown }).code;
  // In Ollama's and OAuth's, the error is a text, and only Ollama's has a code beside it.
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : (code ?? error);
}
const UNAUTHENTICATED = ['invalid_api_key', 'token_not_valid', 'invalid_token'];
const DENIED = ['permission_denied', 'insufficient_scope'];
const FOREIGN = ['origin_denied', 'insufficient_scope'];

/** A request that each door takes when it lets one in. */
const BODIES: Readonly<Record<string, unknown>> = {
  'POST /api/v1/can': { action: 'chat' },
  'POST /api/v1/chat': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/v1/models/load': { model: 'ibm/granite' },
  'POST /api/v1/models/unload': { instance_id: 'ibm/granite' },
  'POST /api/v1/models/download': { model: 'ibm/granite' },
  'POST /api/v1/models/download/cancel': { job_id: 'job_0000000000' },
  'POST /api/v1/models/delete': { model: 'ibm/granite' },
  'PATCH /api/v1/settings': { allowMcpJson: true },
  'POST /api/v1/tokens': { name: 'x', grant: { actions: [] } },
  'PATCH /api/v1/tokens/:id': { name: 'x' },
  'POST /mcp': { jsonrpc: '2.0', id: 1, method: 'ping' },
  'POST /api/v1/approvals/:id': { decision: 'deny' },
  'POST /v1/chat/completions': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
  'POST /api/v0/chat/completions': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
  'POST /api/v0/completions': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /api/v0/embeddings': { model: 'ibm/granite', input: 'Hi' },
  'POST /v1/messages': { model: 'ibm/granite', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
  'POST /v1/responses': { model: 'ibm/granite', input: 'Hi' },
  'POST /v1/completions': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /v1/embeddings': { model: 'ibm/granite', input: 'Hi' },
  'POST /v1/responses/input_tokens': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/chat': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }], stream: false },
  'POST /api/generate': { model: 'ibm/granite', prompt: 'Hi', stream: false },
  'POST /api/show': { model: 'ibm/granite' },
  'POST /api/embed': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/embeddings': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /api/pull': { model: 'ibm/granite' },
  'POST /api/copy': { source: 'ibm/granite', destination: 'x' },
  'DELETE /api/delete': { model: 'ibm/granite' },
  'POST /v1/messages/count_tokens': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
};

function knock({ app }: TestServer, door: string, token?: string): Promise<Answer> {
  const [method = '', path = ''] = door.split(' ');
  const body = BODIES[door];
  return send(app, {
    method,
    path: path.replace(':id', 'AAAAAAAA').replace(':label', 'a').replace('*id', 'ibm/granite'),
    ...(token === undefined ? {} : { token }),
    ...(body === undefined ? {} : { body }),
  });
}

const EVERYTHING = { actions: ['*'], models: ['*'] };
const guarded = DOORS.filter(([, access]) => access !== 'public').map(([door]) => door);

describe('the doors of the server', () => {
  it('are those of the list, and there is no other', async () => {
    const { routes } = await newServer();
    expect(routes.map(({ method, path, access }) => [`${method} ${path}`, access])).toEqual(DOORS);
  });

  it('are all tried by the hostile callers, but the one that ends their own token', async () => {
    const { routes } = await newServer();
    const tried = (doors: readonly Door[]) => doors.map((door) => door.join(' ')).sort();
    const doors = (takesBody: boolean) =>
      routes
        .flatMap(({ method, path, body }) => ((body !== undefined) === takesBody ? [`${method} ${path}`] : []))
        .sort();
    expect(tried(BODY_DOORS)).toEqual(doors(true));
    expect(tried([...OTHER_DOORS, ['POST', '/api/v1/tokens/revoke-self']])).toEqual(doors(false));
  });

  it.each(guarded)('%s is closed to whoever has no token', async (door) => {
    const answer = await knock(await newServer(), door);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
    expect(UNAUTHENTICATED).toContain(errorOf(answer));
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
      for (const action of llm.actions) {
        const grant = { actions: [action], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
        const answer = await knock(server, door, await server.issue(grant));
        if (action === access) expect(answer.status, action).not.toBe(403);
        else {
          expect(answer.status, action).toBe(403);
          expect(DENIED).toContain(errorOf(answer));
          expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
        }
      }
    },
  );

  it('stay closed when the policy of the server does not open them, whatever the token says', async () => {
    const server = await newServer({ policy: { actions: ['models:read'] } });
    const statuses = await Promise.all(
      guarded.map(async (door) => {
        const { status, text } = await knock(server, door, await server.issue(EVERYTHING));
        return { door, status, text };
      }),
    );
    const open = statuses.filter(({ status }) => status !== 403);
    expect(
      open.map(({ door }) => door),
      JSON.stringify(open),
    ).toEqual([
      'GET /api/v1/whoami',
      'GET /api/current-user/whoami',
      'POST /api/v1/can',
      'GET /api/v1/models',
      'GET /api/v1/sessions',
      'POST /api/v1/sessions/links',
      'DELETE /api/v1/sessions/:id',
      'POST /api/v1/tokens/revoke-self',
      'POST /oauth/introspect',
      'GET /api/token',
      'POST /api/token/blacklist',
      'POST /api/token/rotate',
      'GET /api/v0/models',
      'GET /api/v0/models/*id',
      'GET /v1/models',
      'GET /v1/models/*id',
      'GET /api/version',
      'GET /api/tags',
      'GET /api/ps',
      'POST /api/show',
    ]);
  });

  it.each(DOORS.map(([door]) => door))('%s does not open to a foreign Host or web page', async (door) => {
    const server = await newServer();
    const token = await server.issue({ actions: ['*'], models: ['*'] });
    const [method = '', path = ''] = door.split(' ');
    for (const headers of [{ host: 'evil.com' }, { origin: 'https://evil.com' }]) {
      const answer = await send(server.app, { method, path, token, headers });
      expect(answer.status).toBe(403);
      expect(FOREIGN).toContain(errorOf(answer));
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
    const { app, routes } = await newServer();
    expect((await send(app, { path: '/v1/models' })).json()).toMatchObject({ error: { type: 'authentication_error' } });
    expect((await send(app, { path: '/api/v1/models' })).json()).toMatchObject({ error: { type: 'invalid_request' } });
    const dialectOf = createDialectOf(routes, lmstudioDialect);
    const paths = [
      '/v1/anything',
      '/elsewhere',
      '/oauth/x',
      '/api/token/',
      '/api/token/x',
      '/api/tokens',
      '/mcp/',
      '/v1x',
      '/api/tags/x',
      '/api/chat',
    ];
    expect(paths.map((path) => dialectOf(path).name)).toEqual([
      ...[
        'openai',
        'lmstudio',
        'oauth',
        'label-studio',
        'label-studio',
        'lmstudio',
        'mcp',
        'lmstudio',
        'ollama',
        'ollama',
      ],
    ]);
  });
});
