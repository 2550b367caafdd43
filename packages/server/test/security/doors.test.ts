import { TOKEN_KINDS } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../src/http/route.ts';
import { type Answer, send } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';
import { KINDS_IN_HEADERS, makeEveryKind } from './every-kind.ts';

const knock = ({ app }: TestServer, { method, path }: Route, token?: string): Promise<Answer> =>
  send(app, {
    method,
    path: path.replace(':id', 'AAAAAAAA'),
    ...(token && { token }),
    body: method === 'GET' || method === 'DELETE' ? undefined : {},
  });

describe('every route of the server', () => {
  it('is closed without a token, but for those that are public by name (keys that cover some paths only)', async () => {
    const server = await newServer();
    const open: string[] = [];
    for (const route of server.routes) {
      const { status } = await knock(server, route);
      if (route.access === 'public') open.push(`${route.method} ${route.path}`);
      else expect(status, route.path).toBe(401);
    }
    expect(open).toEqual([
      'GET /health',
      'GET /live',
      'GET /ready',
      // The pages of the console have nothing of the server in them; its sessions take a token in the body.
      'GET /console',
      'GET /console/*path',
      'GET /docs',
      'GET /docs/*path',
      'GET /llms.txt',
      'POST /api/v1/sessions',
      'DELETE /api/v1/sessions/current',
      // What a provider of accounts is called, and the way there and back.
      'GET /api/v1/sign-in',
      'GET /openid/start',
      'GET /openid/callback',
      'GET /.well-known/jwks.json',
      'POST /oauth/token',
      'POST /oauth/revoke',
      'POST /api/token/refresh',
      'GET /oauth/client.json',
      // The request is signed with the secret of the data folder.
      'POST /api/v1/operator',
      'GET /lmstudio-greeting',
      'GET /lms-status',
      'GET /',
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/oauth-protected-resource',
      // How a client comes to the page on which a person decides; nothing is given here.
      'GET /.well-known/oauth-authorization-server',
      'GET /oauth/authorize',
      'POST /oauth/register',
    ]);
  });

  it('is closed in whatever spelling of its path (paths that are matched twice)', async () => {
    const server = await newServer();
    for (const { method, path, access } of server.routes) {
      if (access === 'public') continue;
      const plain = path.replace(':id', 'AAAAAAAA');
      for (const spelling of [
        `${plain}/`,
        `/${plain}`,
        plain.toUpperCase(),
        `${plain}%20`,
        `/.${plain}`,
        `${plain}?token=x`,
      ]) {
        const { status } = await send(server.app, { method, path: spelling });
        expect([401, 404, 405], spelling).toContain(status);
      }
    }
  });

  it.each(KINDS_IN_HEADERS)(
    'that needs an action is closed to a token without any, of kind %s (role checks)',
    async (kind) => {
      const server = await newServer();
      const token = (await makeEveryKind(server, { actions: [] }))[kind];
      let denied = 0;
      for (const route of server.routes) {
        // That one is open to it, and would be the last one that is.
        if (route.path.endsWith('/revoke-self')) continue;
        const { status } = await knock(server, route, token);
        expect(status, `${route.method} ${route.path}`).toBeLessThan(500);
        if (route.access === 'public' || route.access === 'authenticated') continue;
        denied++;
        expect(status, `${route.method} ${route.path}`).toBe(403);
      }
      expect(denied).toBeGreaterThan(15);
    },
  );

  it.each(TOKEN_KINDS)('is closed to a token of kind %s once that kind is switched off', async (kind) => {
    const server = await newServer();
    const token = (await makeEveryKind(server, { actions: ['*'], models: ['*'] }))[kind];
    const admin = await server.issue({ actions: ['*'] });
    const body = { tokenKinds: { [kind]: false } };
    const { status } = await send(server.app, { method: 'PATCH', path: '/api/v1/settings', token: admin, body });
    expect(status).toBe(200);
    for (const route of server.routes) {
      if (route.access === 'public') continue;
      expect((await knock(server, route, token)).status, `${route.method} ${route.path}`).toBe(401);
    }
  });
});
