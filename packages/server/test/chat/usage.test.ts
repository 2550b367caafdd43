import type { EngineEvent } from '@latchkey/engine';
import { describe, expect, it } from 'vitest';
import { addUsage, emptyUsage, toStats } from '../../src/chat/usage.ts';

type Finish = Extract<EngineEvent, { type: 'finish' }>;

const round = (outputTokens: number, tokensPerSecond: number, timeToFirstTokenSeconds: number): Finish => ({
  type: 'finish',
  reason: 'stop',
  usage: { promptTokens: 10, cachedTokens: 4, outputTokens, reasoningTokens: 1 },
  timeToFirstTokenSeconds,
  tokensPerSecond,
});

describe('the figures of a chat', () => {
  it('add up its rounds', () => {
    const totals = emptyUsage();
    addUsage(totals, round(20, 10, 0.5));
    addUsage(totals, round(20, 40, 0.1));
    expect(toStats(totals, 1.5)).toEqual({
      inputTokens: 20,
      cachedInputTokens: 8,
      outputTokens: 40,
      reasoningOutputTokens: 2,
      tokensPerSecond: 16,
      timeToFirstTokenSeconds: 0.5,
      modelLoadTimeSeconds: 1.5,
    });
  });

  it('are zero, and no division by it, when nothing was generated', () => {
    const totals = emptyUsage();
    addUsage(totals, round(0, 0, 0.2));
    expect(toStats(totals, undefined)).toMatchObject({ tokensPerSecond: 0, timeToFirstTokenSeconds: 0.2 });
    expect(toStats(emptyUsage(), undefined).timeToFirstTokenSeconds).toBe(0);
  });
});
