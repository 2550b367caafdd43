import type { createHandlers } from './create-handlers.ts';
import { optionalAdministration } from './http/bodies.ts';
import type { RouteRow } from './http/route.ts';

const runsLong = true;
const neverOpen = true;

/** The endpoints that sign callers in to MCP servers. */
export function loginRoutes({ mcpLogins }: Pick<ReturnType<typeof createHandlers>, 'mcpLogins'>): readonly RouteRow[] {
  return [
    // Whose login it is decides what it needs: a grant that names the server, or mcp:write.
    {
      method: 'GET',
      path: '/api/v1/mcp/servers/:label/login',
      access: 'authenticated',
      neverOpen,
      handler: mcpLogins.show,
    },
    {
      method: 'POST',
      path: '/api/v1/mcp/servers/:label/login',
      idempotency: 'none',
      access: 'authenticated',
      neverOpen,
      runsLong,
      body: optionalAdministration,
      handler: mcpLogins.begin,
    },
    {
      method: 'POST',
      path: '/api/v1/mcp/servers/:label/login/:id',
      idempotency: 'none',
      access: 'authenticated',
      neverOpen,
      runsLong,
      body: optionalAdministration,
      handler: mcpLogins.finish,
    },
    {
      method: 'DELETE',
      path: '/api/v1/mcp/servers/:label/login',
      idempotency: 'none',
      access: 'authenticated',
      neverOpen,
      runsLong,
      handler: mcpLogins.logout,
    },
    { method: 'GET', path: '/oauth/client.json', access: 'public', handler: mcpLogins.document },
  ];
}
