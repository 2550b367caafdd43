import type { BatchItem, Token } from 'node-llama-cpp';
import { describe, expect, it } from 'vitest';
import { Batching } from '../../src/child/batching.ts';

const SIZE = 512;

function item(batching: Batching, sequence: number, tokens: number): BatchItem {
  return {
    tokens: Array.from({ length: tokens }, () => 0 as Token),
    logits: [],
    evaluationPriority: batching.priorityOf(sequence),
  };
}

/** What goes into the batch: sequence by place in `items`, and how many of its tokens. */
function plan(batching: Batching, items: readonly BatchItem[]): [number, number][] {
  return batching.strategy({ items, size: SIZE }).map((entry) => [items.indexOf(entry.item), entry.processAmount]);
}

describe('a batch', () => {
  it('is sorted by sequence, in whatever order the streams came', () => {
    const batching = new Batching();
    const items = [3, 1, 2, 0].map((sequence) => item(batching, sequence, 1));
    expect(plan(batching, items).map(([index]) => index)).toEqual([3, 1, 2, 0]);
  });

  it('waits for every stream that is writing', () => {
    const batching = new Batching();
    batching.startWriting(0);
    batching.startWriting(1);
    const first = item(batching, 0, 1);
    expect(plan(batching, [first])).toEqual([]);
    expect(plan(batching, [first, item(batching, 1, 1)])).toHaveLength(2);
  });

  it('does not wait for a stream that has stopped', () => {
    const batching = new Batching();
    batching.startWriting(0);
    batching.startWriting(1);
    batching.stopWriting(1);
    expect(plan(batching, [item(batching, 0, 1)])).toEqual([[0, 1]]);
  });

  it('does not wait forever', () => {
    const batching = new Batching();
    batching.startWriting(0);
    batching.startWriting(1);
    const first = item(batching, 0, 1);
    const plans = Array.from({ length: 40 }, () => plan(batching, [first]).length);
    expect(plans).toContain(1);
  });

  it('is a prompt’s alone when nobody writes', () => {
    const batching = new Batching();
    expect(plan(batching, [item(batching, 0, 2000)])).toEqual([[0, SIZE]]);
  });

  it('has every writing stream and a share of a prompt', () => {
    const batching = new Batching();
    const items = [item(batching, 0, 2000), item(batching, 1, 1), item(batching, 2, 1)];
    expect(plan(batching, items)).toEqual([
      [0, SIZE / 4],
      [1, 1],
      [2, 1],
    ]);
  });

  it('never holds more than fits', () => {
    const batching = new Batching();
    const items = Array.from({ length: 600 }, (_, sequence) => item(batching, sequence, sequence % 2 === 0 ? 1 : 50));
    const total = plan(batching, items).reduce((sum, [, amount]) => sum + amount, 0);
    expect(total).toBeLessThanOrEqual(SIZE);
  });
});
