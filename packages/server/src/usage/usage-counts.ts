import type { UsageCounts } from '../contracts/usage-record.ts';

export const NOTHING_USED: UsageCounts = Object.freeze({
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  toolCalls: 0,
  cost: 0,
});

/** The sums of two counts. */
export const addCounts = (left: UsageCounts, right: UsageCounts): UsageCounts => ({
  requests: left.requests + right.requests,
  inputTokens: left.inputTokens + right.inputTokens,
  outputTokens: left.outputTokens + right.outputTokens,
  toolCalls: left.toolCalls + right.toolCalls,
  cost: left.cost + right.cost,
});
