import type { createHandlers } from './create-handlers.ts';
import { administration } from './http/bodies.ts';
import type { RouteRow } from './http/route.ts';

/** The endpoints that administer tokens. */
export function tokenRoutes({
  importTokens,
  tokenDoctor,
  tokens,
}: Pick<ReturnType<typeof createHandlers>, 'importTokens' | 'tokenDoctor' | 'tokens'>): readonly RouteRow[] {
  return [
    { method: 'GET', path: '/api/v1/tokens', access: 'tokens:read', handler: tokens.list },
    {
      method: 'POST',
      path: '/api/v1/tokens',
      idempotency: 'secret',
      access: 'tokens:write',
      body: administration,
      handler: tokens.create,
    },
    // A key that was imported before is known, so that the request can be repeated.
    {
      method: 'POST',
      path: '/api/v1/tokens/import',
      idempotency: 'none',
      access: 'tokens:write',
      body: administration,
      handler: importTokens,
    },
    { method: 'GET', path: '/api/v1/token-doctor', access: 'tokens:read', runsLong: true, handler: tokenDoctor },
    { method: 'GET', path: '/api/v1/tokens/:id', access: 'tokens:read', handler: tokens.show },
    // Possession is sufficient: anyone who finds a leaked token can revoke it.
    {
      method: 'POST',
      path: '/api/v1/tokens/revoke-self',
      idempotency: 'none',
      access: 'authenticated',
      ends: 'itself',
      handler: tokens.revokeSelf,
    },
    {
      method: 'POST',
      path: '/api/v1/tokens/revoke',
      idempotency: 'kept',
      access: 'tokens:write',
      ends: 'others',
      body: administration,
      handler: tokens.revokeAll,
    },
    {
      method: 'PATCH',
      path: '/api/v1/tokens/:id',
      idempotency: 'kept',
      access: 'tokens:write',
      body: administration,
      handler: tokens.edit,
    },
    {
      method: 'POST',
      path: '/api/v1/tokens/:id/rotate',
      idempotency: 'secret',
      access: 'tokens:write',
      body: administration,
      handler: tokens.rotate,
    },
    {
      method: 'POST',
      path: '/api/v1/tokens/:id/revoke',
      idempotency: 'kept',
      access: 'tokens:write',
      ends: 'others',
      handler: tokens.revoke,
    },
    // Revokes a token that works, and deletes one that has ended.
    {
      method: 'DELETE',
      path: '/api/v1/tokens/:id',
      idempotency: 'kept',
      access: 'tokens:write',
      ends: 'others',
      handler: tokens.remove,
    },
  ];
}
