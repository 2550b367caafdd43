import type { Meter } from '@latchkey/auth-core';
import type { Handler } from '../routes.ts';

/** `GET /api/v1/whoami`: who the caller is, what it may do in the order in which it is decided, and what is left of it. */
export const createWhoamiHandler =
  (meter: Pick<Meter, 'usage'>): Handler =>
  async (ctx) => {
    const { id, kind, name, owner, project, authority, expiresAt } = ctx.state.auth.principal;
    ctx.body = {
      id,
      kind,
      name,
      owner,
      project: project ?? null,
      authority: authority.map(({ source, grant }) => ({ source, grant })),
      limits: await meter.usage(ctx.state.auth.principal),
      expiresAt: expiresAt ?? null,
    };
  };
