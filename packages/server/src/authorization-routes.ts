import type { createHandlers } from './create-handlers.ts';
import { lmstudioDialect } from './dialects/lmstudio/index.ts';
import { administration } from './http/bodies.ts';
import { oauthDialect } from './http/errors/oauth.ts';
import { SERVER_METADATA_PATH } from './http/handlers/authorization-server.ts';
import type { Route } from './http/route.ts';

const runsLong = true;
const neverOpen = true;

/** The endpoints of the authorization server of `/mcp`; with it switched off, they answer 404. */
export function authorizationRoutes({
  authorizationServer,
}: Pick<ReturnType<typeof createHandlers>, 'authorizationServer'>): readonly Route[] {
  const { metadata, register, authorize, show, decide } = authorizationServer;
  return [
    { method: 'GET', path: SERVER_METADATA_PATH, access: 'public', dialect: oauthDialect, handler: metadata },
    { method: 'GET', path: '/oauth/authorize', access: 'public', dialect: oauthDialect, handler: authorize },
    // Nothing is stored.
    {
      method: 'POST',
      path: '/oauth/register',
      idempotency: 'none',
      access: 'public',
      body: administration,
      dialect: oauthDialect,
      handler: register,
    },
    {
      method: 'GET',
      path: '/api/v1/oauth/authorization',
      access: 'chat',
      neverOpen,
      runsLong,
      dialect: lmstudioDialect,
      handler: show,
    },
    {
      method: 'POST',
      path: '/api/v1/oauth/authorization',
      idempotency: 'secret',
      access: 'chat',
      neverOpen,
      runsLong,
      body: administration,
      dialect: lmstudioDialect,
      handler: decide,
    },
  ];
}
