import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgressTeller, type Progress } from '../../src/mcp-endpoint/progress-teller.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const moved = (progress: number, more: object = {}) => ({ type: 'moved', progress, ...more }) as const;
const waiting = { type: 'waiting', approval: 'apr_1' } as const;

function newTeller() {
  const sent: Progress[] = [];
  const teller = createProgressTeller((progress) => sent.push(progress));
  return { sent, teller, values: () => sent.map(({ progress }) => progress) };
}

describe('the progress of a call', () => {
  it('is passed on as the tool tells it', () => {
    const { sent, teller } = newTeller();
    teller.note(moved(0.5, { total: 2, message: 'half' }));
    expect(sent).toEqual([{ progress: 0.5, total: 2, message: 'half' }]);
  });

  it('only grows', () => {
    const { teller, values } = newTeller();
    for (const progress of [1, 1, 0, 2]) {
      teller.note(moved(progress));
      vi.advanceTimersByTime(1000);
    }
    expect(values()).toEqual([1, 2]);
  });

  it('comes fifty times a second at the most, however often the tool tells it', () => {
    const { teller, values } = newTeller();
    for (let millisecond = 0; millisecond < 1000; millisecond += 1) {
      teller.note(moved(millisecond));
      vi.advanceTimersByTime(1);
    }
    expect(values()).toHaveLength(50);
  });

  it('is told again and again, and each time as more, while a person is waited for, and no longer', () => {
    const { sent, teller, values } = newTeller();
    teller.note(waiting);
    vi.advanceTimersByTime(30_000);
    expect(values()).toEqual([0, 1e-6, 2e-6]);
    expect(sent[2]?.message).toContain('apr_1');
    vi.advanceTimersByTime(1000);
    teller.note(moved(1));
    vi.advanceTimersByTime(60_000);
    expect(values()).toEqual([0, 1e-6, 2e-6, 1]);
  });

  it('is told no more when the call has ended', () => {
    const { teller, values } = newTeller();
    teller.note(waiting);
    teller[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    expect(values()).toEqual([0]);
  });
});
