import type { ModelPrice } from '../contracts/price.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatUse } from './chat-use.ts';
import type { ChatCaller } from './prepare-chat.ts';
import { payFor } from './spend.ts';

/** What a model is to read without answering in text. */
export interface Reading {
  /** Counts its tokens; only called where their number matters. */
  readonly count: () => Promise<number>;
  /** The most tokens that it may have. */
  readonly most: number;
  readonly price: ModelPrice | undefined;
  readonly use: ChatUse;
}

/** Called for each part that a model reads; it adds the tokens of the part to those that are charged. */
export type ReadPart = <T extends { readonly promptTokens: number }>(part: () => Promise<T>) => Promise<T>;

/**
 * Has a model read within the caller's budget: the tokens are reserved before, and settled after. A part that was never
 * counted, because the model has crashed, costs what was reserved. Throws ServerError.
 */
export async function readWithinBudget<T>(
  { tokenLimits, reserveTokens, money }: ChatCaller,
  { count, most, price, use }: Reading,
  read: (readPart: ReadPart) => Promise<T>,
): Promise<T> {
  const isCountedFirst = tokenLimits.length > 0 || (price !== undefined && (money?.limits.length ?? 0) > 0);
  const tokens = isCountedFirst ? await count() : most;
  const reservation = await reserveTokens(tokens, tokens);
  const payment = await payFor(price, money, tokens, 0).catch(async (error: unknown) => {
    await reservation.settle(0).catch(() => {});
    throw error;
  });
  let used = 0;
  let isCounted = true;
  try {
    return await read(async (part) => {
      isCounted = false;
      const result = await part();
      isCounted = true;
      used += result.promptTokens;
      return result;
    });
  } catch (error) {
    const isRefused = error instanceof ServerError && BEFORE_READING.has(error.code);
    if (!isCounted && !isRefused) used = Math.max(used, reservation.granted);
    throw error;
  } finally {
    if (used > 0) use.add({ inputTokens: used, outputTokens: 0 });
    // A reservation that cannot be settled counts as used; the answer is still delivered.
    await reservation.settle(used).catch(() => {});
    await payment.settle({ inputTokens: used, outputTokens: 0 }).catch(() => {});
  }
}

/** Refusals before the model has read anything. */
const BEFORE_READING: ReadonlySet<string> = new Set(['INVALID_REQUEST', 'CONTEXT_EXCEEDED', 'OVERLOADED']);
