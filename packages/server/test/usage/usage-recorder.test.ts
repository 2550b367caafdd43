import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DailyUsage, UsageStore } from '../../src/usage/kysely-usage-store.ts';
import { createUsageRecorder } from '../../src/usage/usage-recorder.ts';

const use = {
  rootId: 'mine',
  project: null,
  model: 'm',
  requests: 1,
  inputTokens: 10,
  outputTokens: 4,
  toolCalls: 2,
  cost: 7,
};

/** A recorder whose store keeps the batches that it is given, or fails. */
function newRecorder() {
  const batches: (readonly DailyUsage[])[] = [];
  const state = { now: new Date('2026-01-01T23:59:59.999Z'), broken: false };
  const store: Pick<UsageStore, 'add'> = {
    add: async (records) => {
      if (state.broken) throw new Error('the disk is full');
      batches.push(records);
    },
  };
  const recorder = createUsageRecorder({ store, clock: () => state.now, logger: pino({ level: 'silent' }) });
  return { recorder, batches, state };
}

describe('the recorder of usage', () => {
  it('gathers what belongs together into one row, and days apart', async () => {
    const { recorder, batches, state } = newRecorder();
    recorder.record(use);
    recorder.record(use);
    recorder.record({ ...use, project: 'web' });
    state.now = new Date('2026-01-02T00:00:00Z');
    recorder.record(use);
    await recorder.flush();
    expect(batches).toEqual([
      [
        { ...use, day: '2026-01-01', requests: 2, inputTokens: 20, outputTokens: 8, toolCalls: 4, cost: 14 },
        { ...use, day: '2026-01-01', project: 'web' },
        { ...use, day: '2026-01-02' },
      ],
    ]);
  });

  it('writes what is there when it is disposed of, and nothing twice', async () => {
    const { recorder, batches } = newRecorder();
    recorder.record(use);
    await recorder.flush();
    recorder.record(use);
    await recorder[Symbol.asyncDispose]();
    expect(batches.flat().map(({ requests }) => requests)).toEqual([1, 1]);
  });

  it('writes by itself after some seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { recorder, batches } = newRecorder();
    recorder.record(use);
    await vi.advanceTimersByTimeAsync(5000);
    expect(batches).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('loses nothing when a write fails: it is in the next one', async () => {
    const { recorder, batches, state } = newRecorder();
    state.broken = true;
    recorder.record(use);
    await expect(recorder.flush()).rejects.toThrow('the disk is full');
    recorder.record(use);
    state.broken = false;
    await recorder.flush();
    expect(batches).toEqual([[expect.objectContaining({ requests: 2, inputTokens: 20 })]]);
  });

  it('writes one batch after the other', async () => {
    const { recorder, batches } = newRecorder();
    recorder.record(use);
    const first = recorder.flush();
    recorder.record(use);
    await Promise.all([first, recorder.flush()]);
    expect(batches.flat().reduce((sum, { requests }) => sum + requests, 0)).toBe(2);
  });
});
