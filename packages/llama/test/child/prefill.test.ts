import type { LlamaContextSequence, Token } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { Batching } from '../../src/child/batching.ts';
import { prefill } from '../../src/child/prefill.ts';
import { NEVER } from '../nano.ts';

/** Prefills on a sequence that takes so long for each token; returns the pieces that it was given. */
async function pieces(
  length: number,
  millisecondsPerToken: number,
  signal = NEVER,
  onPiece = (): void => {},
): Promise<number[]> {
  let time = 0;
  const given: number[] = [];
  // The real sequence has no clock of its own, and how it is cut depends on nothing but time.
  const sequence = {
    needsCheckpoints: false,
    async evaluateWithoutGeneratingNewTokens(tokens: readonly Token[]) {
      given.push(tokens.length);
      time += tokens.length * millisecondsPerToken;
    },
  } as unknown as LlamaContextSequence;
  await prefill(
    sequence,
    Array.from({ length }, () => 0 as Token),
    {
      priority: new Batching().priorityOf(0),
      batchSize: 512,
      signal,
      onProgress: onPiece,
      now: () => time,
    },
  );
  return given;
}

describe('a prompt', () => {
  it('is fed in whole batches to a fast model', async () => {
    expect(await pieces(2000, 0.1)).toEqual([64, 512, 512, 512, 400]);
  });

  it('is fed in pieces of about a quarter of a second to a slow one', async () => {
    expect(await pieces(200, 10)).toEqual([64, 25, 25, 25, 25, 25, 11]);
  });

  it('is never fed in crumbs', async () => {
    expect(Math.min(...(await pieces(160, 1000)).slice(0, -1))).toBe(16);
  });

  it('is not fed on after an abort', async () => {
    const controller = new AbortController();
    let done = 0;
    const given = await pieces(2000, 0.1, controller.signal, () => {
      done += 1;
      if (done === 2) controller.abort();
    });
    expect(given).toEqual([64, 512]);
  });
});
