import type { Handler } from '../routes.ts';

/** `GET /api/v1/whoami`: who the caller is and what it may do, in the order in which it is decided. */
export const whoami: Handler = async (ctx) => {
  const { id, kind, name, owner, project, authority, expiresAt } = ctx.state.auth.principal;
  ctx.body = { id, kind, name, owner, project: project ?? null, authority, expiresAt: expiresAt ?? null };
};
