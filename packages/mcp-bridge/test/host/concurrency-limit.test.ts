import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../src/host/concurrency-limit.ts';

const noSignal = () => new AbortController().signal;

describe('ConcurrencyLimit', () => {
  it('lets so many through and the others in order as places become free', async () => {
    const limit = new ConcurrencyLimit(2);
    const order: string[] = [];
    const first = await limit.acquire(noSignal());
    const second = await limit.acquire(noSignal());
    const acquire = async (name: string) => {
      const release = await limit.acquire(noSignal());
      order.push(name);
      return release;
    };
    const third = acquire('third');
    const fourth = acquire('fourth');
    expect(order).toEqual([]);
    first();
    const releaseThird = await third;
    expect(order).toEqual(['third']);
    second();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
    releaseThird();
  });

  it('gives a place back once, however often it is released', async () => {
    const limit = new ConcurrencyLimit(1);
    const release = await limit.acquire(noSignal());
    release();
    release();
    await limit.acquire(noSignal());
    const controller = new AbortController();
    const waiting = limit.acquire(controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('passes over one that gave up waiting', async () => {
    const limit = new ConcurrencyLimit(1);
    const release = await limit.acquire(noSignal());
    const controller = new AbortController();
    const gaveUp = limit.acquire(controller.signal).catch(() => 'gave up');
    const patient = limit.acquire(noSignal());
    controller.abort();
    release();
    expect(await gaveUp).toBe('gave up');
    expect(await patient).toBeTypeOf('function');
  });
});
