import { PermissionDeniedError, type Principal, TokenNotFoundError } from '@latchkey/auth-core';
import type { Auth } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { formatMoney } from '../../config/money.ts';
import type { PriceList } from '../../contracts/price.ts';
import { reachStore } from '../../contracts/reach-store.ts';
import { ServerError } from '../../contracts/server-error.ts';
import type { UsageCounts } from '../../contracts/usage-record.ts';
import type { UsageStore } from '../../usage/kysely-usage-store.ts';
import { readUsage, type UsageQuery, type UsageReport } from '../../usage/read-usage.ts';
import type { UsageRecorder } from '../../usage/usage-recorder.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

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
  readonly recorder: Pick<UsageRecorder, 'flush' | 'record'>;
  readonly clock: () => Date;
  /** Absent where nothing has a price: costs are not shown. */
  readonly prices?: PriceList;
}

/**
 * `GET /api/v1/usage`: requests, tokens and tool calls by day, token, project or model, from `from` to `to`, both
 * inclusive (UTC; the last 30 days by default). A caller sees the usage of its own root token and of the tokens that it
 * may list, in the projects that it may use.
 */
export function createUsageHandler({ auth, store, recorder, clock, prices }: UsageHandlerOptions): Handler {
  const readAll = (query: UsageQuery): Promise<UsageReport> =>
    reachStore(async () => {
      await recorder.flush();
      return readUsage(store, query);
    });

  return async ({ query, auth: { principal } }) => {
    const { group, project, token, ...asked } = validateBody(querySchema, query);
    const to = asked.to ?? toDay(clock().getTime());
    const from = asked.from ?? toDay(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MILLISECONDS);
    requireRange(from, to);
    const tokens = visibleTokens(auth, principal);
    // A caller that acts for a project sees that one; a caller without a project has no grant bound to projects.
    const its = principal.project;
    const { rows, totals } = await readAll({
      range: { from, to },
      group,
      seesToken: async (id) => (token === undefined || id === token) && (await tokens.sees(id)),
      seesProject: (one) => (project === undefined || one === project) && (its === undefined || one === its),
    });
    const withCost = ({ cost, ...counts }: UsageCounts): object =>
      prices === undefined ? counts : { ...counts, cost: formatMoney(cost, prices.currency) };
    const named = (value: string | null): object =>
      group === 'token' ? { token: value, name: tokens.nameOf(value ?? '') } : { [group]: value };
    return json({
      from,
      to,
      group,
      rows: rows.map(({ value, ...counts }) => ({ ...named(value), ...withCost(counts) })),
      totals: withCost(totals),
    });
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

/** The root tokens whose usage a caller sees, with their names. */
interface VisibleTokens {
  sees(rootId: string): Promise<boolean>;
  /** Null when the token was deleted or never existed, as for anonymous callers. */
  nameOf(rootId: string): string | null;
}

function visibleTokens(auth: Pick<Auth, 'show'>, principal: Principal): VisibleTokens {
  const isAdministrator = principal.authority.every(({ grant }) => grant.actions.includes('*'));
  const names = new Map<string, string>();
  const sees = async (id: string): Promise<boolean> => {
    try {
      names.set(id, (await auth.show(id, principal)).name);
      return true;
    } catch (error) {
      // A caller that may not read other tokens still sees the usage of its own.
      if (error instanceof PermissionDeniedError) return id === principal.rootId;
      // The id of an anonymous caller belongs to no token; the usage of a deleted token is kept.
      if (error instanceof TokenNotFoundError) return id === principal.rootId || isAdministrator;
      throw error;
    }
  };
  return { sees, nameOf: (id) => names.get(id) ?? null };
}
