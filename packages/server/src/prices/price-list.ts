import { matchesGlob } from '@latchkey/auth-core';
import type { ServerConfig } from '../config/schema.ts';
import type { ModelPrice, PriceList } from '../contracts/price.ts';

/** Prices of models are for a million tokens. */
const MILLION = 1_000_000n;

/**
 * Creates the price list of a configuration. Of several patterns that match, the longest counts: it says the most.
 * Undefined where there are no prices.
 */
export function createPriceList({ prices }: Pick<ServerConfig, 'prices'>): PriceList | undefined {
  if (prices === undefined) return undefined;
  const { currency, models, tools } = prices;
  return {
    currency,
    ofModel: (key) => {
      const price = closest(models, key);
      return price === undefined ? undefined : modelPrice(BigInt(price.input), BigInt(price.output));
    },
    ofTool: (server, tool) => closest(closest(tools, server) ?? {}, tool) ?? 0,
  };
}

function closest<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  const [found] = Object.entries(entries)
    .filter(([pattern]) => matchesGlob(pattern, name))
    .toSorted(([left], [right]) => right.length - left.length);
  return found?.[1];
}

function modelPrice(input: bigint, output: bigint): ModelPrice {
  const exact = (inputTokens: number, outputTokens: number): bigint =>
    BigInt(inputTokens) * input + BigInt(outputTokens) * output;
  return {
    // Rounded up: a request that costs anything is never free.
    cost: (inputTokens, outputTokens) => Number((exact(inputTokens, outputTokens) + MILLION - 1n) / MILLION),
    answerFor: (amount, inputTokens) => {
      const left = BigInt(amount) * MILLION - exact(inputTokens, 0);
      if (left < 0n) return 0;
      return output === 0n ? Number.MAX_SAFE_INTEGER : Number(min(left / output, BigInt(Number.MAX_SAFE_INTEGER)));
    },
  };
}

const min = (left: bigint, right: bigint): bigint => (left < right ? left : right);
