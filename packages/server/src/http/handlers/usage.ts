import { type Auth, PermissionDeniedError, type Principal, TokenNotFoundError } from '@latchkey/auth-core';
import { z } from 'zod';
import { reachStore } from '../../contracts/reach-store.ts';
import { ServerError } from '../../contracts/server-error.ts';
import { validateBody } from '../../dialects/validate-body.ts';
import type { UsageStore } from '../../usage/kysely-usage-store.ts';
import { readUsage, type UsageQuery, type UsageReport } from '../../usage/read-usage.ts';
import type { UsageRecorder } from '../../usage/usage-recorder.ts';
import type { Handler } from '../route.ts';

const DAY_MILLISECONDS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAXIMUM_DAYS = 366;

const name = z.string().min(1).max(256);
const day = z.iso.date('expected a day, e.g. 2027-01-31');
const querySchema = z.strictObject({
  from: day.optional(),
  to: day.optional(),
  project: name.optional(),
  token: name.optional(),
  group: z.enum(['day', 'token', 'project', 'model']).default('day'),
});

export interface UsageHandlerOptions {
  readonly auth: Pick<Auth, 'show'>;
  readonly store: UsageStore;
  readonly recorder: Pick<UsageRecorder, 'flush'>;
  readonly clock: () => Date;
}

/**
 * `GET /api/v1/usage`: requests, tokens and tool calls by day, token, project or model, `from` and `to` counted in
 * (UTC; the last 30 days by default). A caller sees the use of its own root token and of the tokens that it may
 * list, in the projects that it may use.
 */
export function createUsageHandler({ auth, store, recorder, clock }: UsageHandlerOptions): Handler {
  const readAll = (query: UsageQuery): Promise<UsageReport> =>
    reachStore(async () => {
      await recorder.flush();
      return readUsage(store, query);
    });

  return async (ctx) => {
    const query = validateBody(querySchema, { ...ctx.query });
    const { group, project, token } = query;
    const to = query.to ?? toDay(clock().getTime());
    const from = query.from ?? toDay(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MILLISECONDS);
    requireRange(from, to);
    const seesToken = visibleTokens(auth, ctx.state.auth.principal);
    // Who acts for one project sees that one; who acts for none has no grant that is bound to projects.
    const its = ctx.state.auth.principal.project;
    const { rows, totals } = await readAll({
      range: { from, to },
      group,
      seesToken: async (id) => (token === undefined || id === token) && (await seesToken(id)),
      seesProject: (one) => (project === undefined || one === project) && (its === undefined || one === its),
    });
    ctx.body = { from, to, group, rows: rows.map(({ value, ...counts }) => ({ [group]: value, ...counts })), totals };
  };
}

const toDay = (time: number): string => new Date(time).toISOString().slice(0, 10);

function requireRange(from: string, to: string): void {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MILLISECONDS + 1;
  if (days >= 1 && days <= MAXIMUM_DAYS) return;
  throw new ServerError(
    'INVALID_REQUEST',
    `'from' must be a day before 'to' or the same one, and both at most ${MAXIMUM_DAYS} days apart.`,
    { param: 'from' },
  );
}

/** Whose use a caller may see, by root token. */
function visibleTokens(auth: Pick<Auth, 'show'>, principal: Principal): (rootId: string) => Promise<boolean> {
  const isAdministrator = principal.authority.every(({ grant }) => grant.actions.includes('*'));
  return async (id) => {
    // Callers without a token have an id with a colon in it, and nobody's token covers theirs.
    if (id === principal.rootId || (isAdministrator && id.includes(':'))) return true;
    try {
      await auth.show(id, principal);
      return true;
    } catch (error) {
      // Who may not see other tokens still sees what its own has used.
      if (error instanceof PermissionDeniedError || error instanceof TokenNotFoundError) return false;
      throw error;
    }
  };
}
