import {
  type Admission,
  LimitExceededError,
  type LimitState,
  type Principal,
  type Reservation,
} from '@latchkey/auth-core';
import type { Meter } from '@latchkey/auth-core/llm';
import type { Notify } from '../contracts/webhook-event.ts';

/** The parts of a budget, in percent, of which operators are notified. */
const THRESHOLDS = [80, 100] as const;
/** The units whose use is budgeted; requests per minute and the like are not. */
const UNITS: ReadonlySet<string> = new Set(['tokens', 'money']);
/** How long after a use the next look at the same caller's budgets may be. */
const PAUSE_MILLISECONDS = 1000;
const MINUTE_MILLISECONDS = 60_000;

export interface BudgetWatchOptions {
  readonly notify: Notify;
  readonly clock: () => Date;
  /** How amounts of money are written; absent where nothing has a price. */
  readonly formatMoney?: (nanos: number) => string;
}

/** Notifies operators when the budget of a token, an owner or a project is used to 80 and to 100 %. */
export function watchBudgets(meter: Meter, { notify, clock, formatMoney }: BudgetWatchOptions): Meter {
  const looking = new Set<string>();

  function tell(principal: Principal, state: LimitState, percent: number): void {
    const { name, source, limit, remaining, resetSeconds = 0, unit = '' } = state;
    const end = Math.ceil((clock().getTime() + resetSeconds * 1000) / MINUTE_MILLISECONDS) * MINUTE_MILLISECONDS;
    const resetsAt = new Date(end).toISOString();
    const isMoney = unit === 'money' && formatMoney !== undefined;
    const { rootId, name: token, owner, project } = principal;
    notify({
      type: 'budget.reached',
      // A token's own limit is known by its id, and those of an owner or a project by their names.
      key: [source.startsWith('token ') ? rootId : '', source, name, limit, resetsAt, percent].join('\n'),
      owner,
      data: {
        percent,
        limit: name,
        source,
        amount: isMoney ? formatMoney(limit) : limit,
        remaining: isMoney ? formatMoney(remaining) : remaining,
        resetsAt,
        token: { id: rootId, name: token },
        owner,
        project: project ?? null,
      },
    });
  }

  function judge(principal: Principal, states: readonly LimitState[]): void {
    for (const state of states.filter(({ unit = '' }) => UNITS.has(unit))) {
      const used = state.limit - state.remaining;
      for (const percent of THRESHOLDS) {
        if (state.limit > 0 && used * 100 >= state.limit * percent) tell(principal, state, percent);
      }
    }
  }

  /** Looks after a pause, so that many uses are one look. */
  function look(principal: Principal): void {
    if (looking.has(principal.id)) return;
    looking.add(principal.id);
    setTimeout(() => {
      looking.delete(principal.id);
      void meter
        .usage(principal)
        .then((states) => judge(principal, states))
        // The next use looks again.
        .catch(() => undefined);
    }, PAUSE_MILLISECONDS).unref();
  }

  /** A request that is refused for a budget has found it used up, also where some of it is left. */
  async function noteSpent(principal: Principal, error: unknown): Promise<void> {
    if (!(error instanceof LimitExceededError)) return;
    const states = await meter.usage(principal).catch(() => []);
    const spent = states.find(({ name, source }) => name === error.limit && source === error.source);
    if (spent !== undefined && UNITS.has(spent.unit ?? '')) tell(principal, spent, 100);
  }

  const watched = (principal: Principal, admission: Admission<'tokens' | 'money'>): typeof admission => ({
    ...admission,
    async reserve(unit, wanted, least): Promise<Reservation> {
      try {
        const reservation = await admission.reserve(unit, wanted, least);
        return {
          granted: reservation.granted,
          async settle(used) {
            await reservation.settle(used);
            look(principal);
          },
        };
      } catch (error) {
        void noteSpent(principal, error);
        throw error;
      }
    },
  });

  return {
    ...meter,
    admit: async (principal, options) => {
      const admission = await meter.admit(principal, options);
      return admission.states.length === 0 ? admission : watched(principal, admission);
    },
  };
}
