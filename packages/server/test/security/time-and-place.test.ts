import type { Grant } from '@latchkey/auth-core/llm';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../src/http/route.ts';
import { type Answer, send } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';

const EVERYTHING: Grant = { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
/** What of a grant says when and where it counts, so that none of it does here and now. */
const NOT_HERE_OR_NOW: readonly (readonly [string, Partial<Grant>])[] = [
  ['from elsewhere', { networks: ['10.0.0.0/8'] }],
  ['before its time', { notBefore: '2999-01-01T00:00:00Z' }],
];

/** Where a token is presented in the body, and what else there is. */
const IN_BODIES: readonly { readonly path: string; readonly body: (token: string) => string | object }[] = [
  { path: '/api/token/refresh', body: (refresh) => ({ refresh }) },
  { path: '/api/token/rotate', body: (refresh) => ({ refresh }) },
  {
    path: '/oauth/token',
    body: (token) =>
      new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        subject_token: token,
      }).toString(),
  },
];
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** What does nothing but end the token that is presented takes it from anywhere, at any time. */
const ENDS_ITSELF: ReadonlySet<string> = new Set(['POST /api/v1/tokens/revoke-self']);

async function personalToken({ auth }: TestServer, limits: Partial<Grant>): Promise<{ token: string; id: string }> {
  const grant = { ...EVERYTHING, ...limits };
  const { token, record } = await auth.issue({ name: 'bound', kind: 'personal-access', grant }, auth.operator());
  return { token, id: record.id };
}

/** What there is of tokens, and what became of each; not when it was used. */
async function states({ auth }: TestServer): Promise<readonly object[]> {
  return (await auth.list(auth.operator())).map(({ lastUsedAt: _, ...token }) => token);
}

function knock({ app }: TestServer, { method, path }: Pick<Route, 'method' | 'path'>, token: string): Promise<Answer> {
  const body = method === 'GET' || method === 'DELETE' ? undefined : {};
  return send(app, { method, path: path.replace(':id', 'AAAAAAAA').replace(':label', 'a'), token, body });
}

describe.each(NOT_HERE_OR_NOW)('a token that is presented %s', (_, limits) => {
  it('is refused on every route that takes one in a header, but where it can only be ended', async () => {
    const server = await newServer();
    const { token } = await personalToken(server, limits);
    let refused = 0;
    for (const route of server.routes) {
      const name = `${route.method} ${route.path}`;
      if (route.access === 'public' || ENDS_ITSELF.has(name)) continue;
      refused++;
      expect((await knock(server, route, token)).status, name).toBe(403);
    }
    expect(refused).toBeGreaterThan(25);
  });

  it('is refused on every route that takes one in its body, and nothing is done', async () => {
    const server = await newServer();
    const { token, id } = await personalToken(server, limits);
    const caller = await server.issue(EVERYTHING);
    const before = await states(server);
    for (const { path, body } of IN_BODIES) {
      const sent = body(token);
      const headers = typeof sent === 'string' ? FORM : {};
      const answer = await send(server.app, { method: 'POST', path, token: caller, body: sent, headers });
      expect([400, 403], path).toContain(answer.status);
      expect(answer.text, path).not.toMatch(/"(?:access|refresh|access_token)"/);
    }
    expect(await states(server)).toEqual(before);
    expect((await server.auth.verify(token)).id).toBe(id);
  });

  it('is ended by what can only end it', async () => {
    for (const path of ['/api/v1/tokens/revoke-self', '/oauth/revoke']) {
      const server = await newServer();
      const { token } = await personalToken(server, limits);
      const body = new URLSearchParams({ token }).toString();
      const { status } = await send(server.app, { method: 'POST', path, token, body, headers: FORM });
      expect(status, path).toBe(200);
      await expect(server.auth.verify(token), path).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    }
  });
});

describe('every route that takes a token in its body', () => {
  it('stands in this table', async () => {
    const { routes } = await newServer();
    const known = new Set([
      ...IN_BODIES.map(({ path }) => path),
      '/oauth/revoke',
      '/oauth/introspect',
      // It takes none.
      '/oauth/register',
      '/api/token/blacklist',
    ]);
    const inBodies = routes.filter(({ method, path }) => method !== 'GET' && /^\/(?:oauth|api\/token)\/./.test(path));
    expect(new Set(inBodies.map(({ path }) => path))).toEqual(known);
  });
});
