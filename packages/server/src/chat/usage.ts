import type { EngineEvent } from '@latchkey/engine';
import type { ChatStats } from '../contracts/chat-event.ts';

/** The usage of all rounds of a chat. */
export interface UsageTotals {
  inputTokens: number;
  cachedInputTokens: number;
  outputTokens: number;
  reasoningOutputTokens: number;
  generationSeconds: number;
  timeToFirstTokenSeconds: number | undefined;
}

export const emptyUsage = (): UsageTotals => ({
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
  generationSeconds: 0,
  timeToFirstTokenSeconds: undefined,
});

/** Adds one round. */
export function addUsage(totals: UsageTotals, finish: Extract<EngineEvent, { type: 'finish' }>): void {
  totals.inputTokens += finish.usage.promptTokens;
  totals.cachedInputTokens += finish.usage.cachedTokens;
  totals.outputTokens += finish.usage.outputTokens;
  totals.reasoningOutputTokens += finish.usage.reasoningTokens;
  if (finish.tokensPerSecond > 0) totals.generationSeconds += finish.usage.outputTokens / finish.tokensPerSecond;
  totals.timeToFirstTokenSeconds ??= finish.timeToFirstTokenSeconds;
}

/** The figures of a result. */
export function toStats(totals: UsageTotals, modelLoadTimeSeconds: number | undefined): ChatStats {
  return {
    inputTokens: totals.inputTokens,
    cachedInputTokens: totals.cachedInputTokens,
    outputTokens: totals.outputTokens,
    reasoningOutputTokens: totals.reasoningOutputTokens,
    tokensPerSecond: totals.generationSeconds === 0 ? 0 : totals.outputTokens / totals.generationSeconds,
    timeToFirstTokenSeconds: totals.timeToFirstTokenSeconds ?? 0,
    ...(modelLoadTimeSeconds === undefined ? {} : { modelLoadTimeSeconds }),
  };
}
