import type { Meter } from '@latchkey/auth-core/llm';
import { renderCurrentUser } from '../../dialects/label-studio/render-current-user.ts';
import type { Handler } from '../route.ts';
import type { ServerState } from '../state.ts';

export interface WhoamiHandlers {
  /** `GET /api/v1/whoami`. */
  readonly latchkey: Handler;
  /** `GET /api/current-user/whoami`. */
  readonly labelStudio: Handler;
}

/** Who the caller is, what it may do in the order in which it is decided, and what is left of it. */
export function createWhoamiHandlers(meter: Pick<Meter, 'usage'>): WhoamiHandlers {
  const describe = async ({ auth: { principal } }: ServerState) => ({
    id: principal.id,
    kind: principal.kind,
    name: principal.name,
    owner: principal.owner,
    project: principal.project ?? null,
    rootId: principal.rootId,
    tokenId: principal.tokenId,
    authority: principal.authority.map(({ source, grant }) => ({ source, grant })),
    limits: (await meter.usage(principal)).map(({ unit: _, windowSeconds: __, ...state }) => state),
    expiresAt: principal.expiresAt ?? null,
  });
  return {
    latchkey: async (ctx) => {
      ctx.body = await describe(ctx.state);
    },
    labelStudio: async (ctx) => {
      const { id, owner } = ctx.state.auth.principal;
      ctx.body = { ...renderCurrentUser({ id, owner }), latchkey: await describe(ctx.state) };
    },
  };
}
