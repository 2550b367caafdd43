import { describe, expect, it } from 'vitest';
import { WaitingLine } from '../../../src/engines/llama/waiting-line.ts';
import { NEVER } from './nano.ts';

describe('a waiting line', () => {
  it('gives places first come first served', async () => {
    const line = new WaitingLine(1);
    await line.take(NEVER);
    const order: string[] = [];
    const first = line.take(NEVER).then(() => order.push('first'));
    const second = line.take(NEVER).then(() => order.push('second'));
    line.give();
    await first;
    expect(order).toEqual(['first']);
    line.give();
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('lets go of who does not want to wait any more, and loses no place by it', async () => {
    const line = new WaitingLine(1);
    await line.take(NEVER);
    const controller = new AbortController();
    const impatient = line.take(controller.signal);
    const patient = line.take(NEVER);
    controller.abort();
    expect(await impatient).toBe(false);
    line.give();
    expect(await patient).toBe(true);
    line.give();
    expect(await line.take(NEVER)).toBe(true);
  });

  it('gives no place to who has left already', async () => {
    expect(await new WaitingLine(1).take(AbortSignal.abort())).toBe(false);
  });
});
