import { LimitExceededError, type LimitState, type Reservation } from '@latchkey/auth-core';
import type { ModelPrice, PriceList } from '../contracts/price.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset } from '../contracts/toolset.ts';

/** The money that the limits of a caller leave. */
export interface MoneyBudget {
  /** The state of each limit when the request was admitted. */
  readonly limits: readonly LimitState[];
  /** Reserves as many billionths as the limits leave, from `least` to `wanted`. */
  readonly reserve: (wanted: number, least: number) => Promise<Reservation>;
}

/** What is reserved for one round. */
export interface Payment {
  /** The most tokens of the answer that it pays for. */
  readonly answerTokens: number;
  settle(use: { readonly inputTokens: number; readonly outputTokens: number }): Promise<void>;
}

/**
 * Reserves the price of a round: of its prompt and of the longest answer, and at least of one token of it. Embeddings have no answer.
 *
 * @throws {ServerError} `BUDGET_EXCEEDED`
 */
export async function payFor(
  price: ModelPrice | undefined,
  money: MoneyBudget | undefined,
  prompt: number,
  answer: number,
): Promise<Payment> {
  if (price === undefined || money === undefined || money.limits.length === 0) {
    return { answerTokens: answer, settle: async () => {} };
  }
  const reservation = await money.reserve(price.cost(prompt, answer), price.cost(prompt, Math.min(1, answer)));
  return {
    answerTokens: Math.max(Math.min(1, answer), Math.min(answer, price.answerFor(reservation.granted, prompt))),
    settle: ({ inputTokens, outputTokens }) => reservation.settle(price.cost(inputTokens, outputTokens)),
  };
}

/** A call that was paid for, or why it was not. */
export type Charge = { readonly settle: (wasMade: boolean) => Promise<void> } | { readonly refusal: string };

const SPENT = 'the budget of this token, its owner or its project is used up, and the tool has a price';

/** Reserves the price of a tool call. Settling it gives the price back for a call that was not made. */
export async function chargeCall(cost: number, money: MoneyBudget | undefined): Promise<Charge> {
  if (cost === 0 || money === undefined || money.limits.length === 0) return { settle: async () => {} };
  try {
    const reservation = await money.reserve(cost, cost);
    // What cannot be settled counts as used.
    return { settle: (wasMade) => reservation.settle(wasMade ? cost : 0).catch(() => {}) };
  } catch (error) {
    const isSpent =
      error instanceof LimitExceededError || (error instanceof ServerError && error.code === 'BUDGET_EXCEEDED');
    if (isSpent) return { refusal: SPENT };
    throw error;
  }
}

interface PayingOptions {
  readonly prices: PriceList | undefined;
  readonly money: MoneyBudget | undefined;
  /** Called with the price of each call that was made. */
  readonly onPaid: (cost: number) => void;
}

/** The tools of a chat, each call of which is paid for before it is made. */
export function payForCalls(toolset: ChatToolset, { prices, money, onPaid }: PayingOptions): ChatToolset {
  if (prices === undefined) return toolset;
  return {
    get definitions() {
      return toolset.definitions;
    },
    ...(toolset.listed === undefined ? {} : { listed: toolset.listed }),
    describe: toolset.describe,
    async call(name, args, signal, wait) {
      const described = toolset.describe(name);
      if (described === undefined || described.isSearch || described.origin.type !== 'plugin')
        return toolset.call(name, args, signal, wait);
      const { tool, origin } = described;
      const cost = prices.ofTool(origin.pluginId, tool);
      const charge = await chargeCall(cost, money);
      if ('refusal' in charge) {
        return { type: 'refused', kind: 'invalid_arguments', tool, origin, arguments: args, reason: charge.refusal };
      }
      let wasMade = false;
      try {
        const outcome = await toolset.call(name, args, signal, wait);
        wasMade = outcome.type === 'ran';
        return outcome;
      } finally {
        await charge.settle(wasMade);
        if (wasMade && cost > 0) onPaid(cost);
      }
    },
    [Symbol.asyncDispose]: () => toolset[Symbol.asyncDispose](),
  };
}
