import type { AuthorityEntry, Principal } from '@latchkey/auth-core';
import { type Grant, llm, type Meter } from '@latchkey/auth-core/llm';
import { type Budget, formatMoney } from '../config/money.ts';
import type { ServerConfig } from '../config/schema.ts';
import { ServerError } from '../contracts/server-error.ts';

/** The limits of a grant that are amounts of money, and what they are called in a budget. */
const LIMITS = { perDay: 'moneyPerDay', perMonth: 'moneyPerMonth' } as const;

/** The unit that is reserved from them. */
export const MONEY = 'money';

type MoneyLimits = { readonly [Name in (typeof LIMITS)[keyof typeof LIMITS]]?: number };

/**
 * The limits that a budget means.
 *
 * @throws {ServerError} `INVALID_REQUEST` when the server has no prices, or has them in another currency
 */
export function toMoneyLimits(budget: Budget, prices: ServerConfig['prices'], param: string): MoneyLimits {
  const limits: Record<string, number> = {};
  for (const [name, limit] of Object.entries(LIMITS)) {
    const money = budget[name as keyof Budget];
    if (money === undefined) continue;
    if (prices?.currency !== money.currency) throw otherCurrency(prices?.currency, `${param}.${name}`);
    limits[limit] = money.nanos;
  }
  return limits;
}

/** The budget that limits are, in words; undefined for a grant without one. */
export function describeBudget(
  limits: Grant['limits'],
  currency: string | undefined,
): Readonly<Record<string, string>> | undefined {
  if (currency === undefined) return undefined;
  const known = Object.entries(LIMITS).flatMap(([name, limit]) => {
    const nanos = limits?.[limit];
    return nanos === undefined ? [] : [[name, formatMoney(nanos, currency)] as const];
  });
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

/** Counts what owners and projects spend, over all of their tokens, beside the limits of each token. */
export function withBudgets(meter: Meter, { budgets, prices }: Pick<ServerConfig, 'budgets' | 'prices'>): Meter {
  const owners = readBudgets(budgets.owners, prices, 'budgets.owners');
  const projects = readBudgets(budgets.projects, prices, 'budgets.projects');
  if (owners.size + projects.size === 0) return meter;
  const withOwn = (principal: Principal): Principal => {
    const { owner, project } = principal;
    const own = [entryOf('owner', owner, owners), project === undefined ? [] : entryOf('project', project, projects)];
    return { ...principal, authority: [...principal.authority, ...own.flat()] };
  };
  return {
    ...meter,
    admit: (principal, options) => meter.admit(withOwn(principal), options),
    usage: (principal) => meter.usage(withOwn(principal)),
  };
}

type Budgets = ReadonlyMap<string, MoneyLimits>;

const readBudgets = (
  budgets: Readonly<Record<string, Budget>>,
  prices: ServerConfig['prices'],
  param: string,
): Budgets =>
  new Map(Object.entries(budgets).map(([name, budget]) => [name, toMoneyLimits(budget, prices, `${param}.${name}`)]));

/** A grant that allows everything within the budget. `*` is the budget of each name without one of its own. */
function entryOf(kind: 'owner' | 'project', name: string, budgets: Budgets): readonly AuthorityEntry[] {
  const limits = budgets.get(name) ?? budgets.get('*');
  if (limits === undefined) return [];
  return [{ source: `${kind} ${name}`, id: `${kind}:${name}`, grant: { ...llm.everything, limits } }];
}

const otherCurrency = (currency: string | undefined, param: string): ServerError =>
  new ServerError(
    'INVALID_REQUEST',
    currency === undefined
      ? 'This server has no prices, so a budget of money limits nothing. Its operator sets them under prices.'
      : `The prices of this server are in ${currency}, and a budget must be as well.`,
    { param },
  );
