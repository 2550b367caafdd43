import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../src/models/event-queue.ts';
import { collect } from '../scripted/collect.ts';

describe('EventQueue', () => {
  it('gives out what was pushed, all of it and in order, however reader and writer take turns', async () => {
    const steps = fc.array(fc.constantFrom('push', 'push', 'let the reader run'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(5), async (plan, readerStartsAt) => {
        const queue = new EventQueue<{ readonly number: number }>();
        let reading: Promise<{ readonly number: number }[]> | undefined;
        let pushed = 0;
        for (const [index, step] of plan.entries()) {
          if (index >= readerStartsAt) reading ??= collect(queue);
          if (step === 'push') queue.push({ number: pushed++ });
          else for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
        }
        queue.end();
        const events = await (reading ?? collect(queue));
        expect(events.map(({ number }) => number)).toEqual(Array.from({ length: pushed }, (_, number) => number));
      }),
    );
  });

  it('ends for a reader who was waiting', async () => {
    const queue = new EventQueue();
    const reading = collect(queue);
    await Promise.resolve();
    queue.end();
    expect(await reading).toEqual([]);
  });

  it('gives out what was pushed before its end', async () => {
    const queue = new EventQueue<object>();
    queue.push({ a: 1 });
    queue.end();
    expect(await collect(queue)).toEqual([{ a: 1 }]);
  });
});
