import { InvalidTokenError, type Principal } from '@latchkey/auth-core';
import type { Route } from './route.ts';
import type { Guard } from './step.ts';

/** The path of the one endpoint that tokens of OAuth clients are for. */
const MCP_PATH = '/mcp';

/** The scope of `/mcp`: the action that its route asks for. */
export const MCP_SCOPE = 'chat';

/** The claim of a token that was made for a client of `/mcp`: its audience is that endpoint, and no other one here. */
export const MCP_ONLY = { mcp_only: true } as const;

/** @throws {AuthError} `AUTH_TOKEN_WRONG_AUDIENCE` for a token that is for `/mcp` or for its place alone */
export function requireEverywhere({ claims, kind }: Pick<Principal, 'claims' | 'kind'>): void {
  requireNoPlace(kind);
  if (claims?.mcp_only !== undefined) throw new InvalidTokenError('AUTH_TOKEN_WRONG_AUDIENCE', { kind: 'access' });
}

function requireNoPlace(kind: Principal['kind']): void {
  if (kind === 'place-bound') throw new InvalidTokenError('AUTH_TOKEN_WRONG_AUDIENCE', { kind });
}

/** Refuses such a token at every other route, except where it could only end itself. */
export const requireAudienceOf =
  ({ path, ends }: Pick<Route, 'path' | 'ends'>): Guard =>
  async ({ auth, place }) => {
    if (place !== undefined || ends === 'itself') return;
    if (path === MCP_PATH) requireNoPlace(auth.principal.kind);
    else requireEverywhere(auth.principal);
  };
