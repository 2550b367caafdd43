import type { CreditCounter } from './limit-store.ts';

/** Credits as a store keeps them: how many were spent at the last interval in which some were. */
export interface SpentCredits {
  readonly used: number;
  readonly interval: number;
}

/**
 * How many credits are spent as of the counter's interval, and the later of the two intervals. A process whose clock is
 * behind neither returns credits nor undoes a return.
 */
export function spentAt(spent: SpentCredits | undefined, { interval, refill }: CreditCounter): SpentCredits {
  if (spent === undefined) return { used: 0, interval };
  const passed = Math.max(0, interval - spent.interval);
  return { used: Math.max(0, spent.used - passed * refill), interval: Math.max(interval, spent.interval) };
}

/** The spent credits after a correction for the counter's interval. */
export function correctSpent(
  spent: SpentCredits | undefined,
  { amount, ...counter }: CreditCounter & { readonly amount: number },
): SpentCredits {
  const { used, interval } = spentAt(spent, counter);
  const isLate = amount < 0 && interval > counter.interval;
  return { used: Math.max(0, used + (isLate ? 0 : amount)), interval };
}
