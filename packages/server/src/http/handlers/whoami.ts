import type { Meter } from '@latchkey/auth-core/llm';
import { formatMoney } from '../../config/money.ts';
import { MONEY } from '../../prices/budgets.ts';
import { json } from '../reply.ts';
import type { RequestContext } from '../request-context.ts';
import type { Handler } from '../step.ts';
import { emailOf, renderCurrentUser } from './render-current-user.ts';

export interface WhoamiHandlers {
  /** `GET /api/v1/whoami`. */
  readonly latchkey: Handler;
  /** `GET /api/current-user/whoami`. */
  readonly labelStudio: Handler;
}

/** Describes the caller, its authority in the order of evaluation, and what is left of its limits. */
export function createWhoamiHandlers(meter: Pick<Meter, 'usage'>, currency?: string): WhoamiHandlers {
  const describe = async ({ auth: { principal } }: RequestContext) => ({
    id: principal.id,
    kind: principal.kind,
    name: principal.name,
    owner: principal.owner,
    email: emailOf(principal.owner) ?? null,
    project: principal.project ?? null,
    rootId: principal.rootId,
    tokenId: principal.tokenId,
    authority: principal.authority.map(({ source, grant }) => ({ source, grant })),
    limits: (await meter.usage(principal)).map(({ unit, windowSeconds: _, ...state }) =>
      unit === MONEY && currency !== undefined ? { ...state, money: inWords(state, currency) } : state,
    ),
    expiresAt: principal.expiresAt ?? null,
  });
  return {
    latchkey: async (context) => json(await describe(context)),
    labelStudio: async (context) => {
      const { id, owner } = context.auth.principal;
      return json({ ...renderCurrentUser({ id, owner }), latchkey: await describe(context) });
    },
  };
}

/** The amounts of a limit, which are billionths, as an invoice has them. */
const inWords = ({ limit, remaining }: { readonly limit: number; readonly remaining: number }, currency: string) => ({
  limit: formatMoney(limit, currency),
  remaining: formatMoney(remaining, currency),
});
