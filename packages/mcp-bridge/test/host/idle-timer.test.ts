import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdleTimer } from '../../src/host/idle-timer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counted(): { idle: IdleTimer; fired: () => number } {
  let fired = 0;
  const idle = new IdleTimer(1000, () => {
    fired += 1;
  });
  return { idle, fired: () => fired };
}

describe('IdleTimer', () => {
  it('fires once when the last use is over for so long, and again after another use', async () => {
    const { idle, fired } = counted();
    await idle.during(async () => {});
    vi.advanceTimersByTime(999);
    expect(fired()).toBe(0);
    vi.advanceTimersByTime(1);
    expect(fired()).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(fired()).toBe(1);
    await idle.during(async () => {});
    vi.advanceTimersByTime(1000);
    expect(fired()).toBe(2);
  });

  it('counts from the last use', async () => {
    const { idle, fired } = counted();
    await idle.during(async () => {});
    vi.advanceTimersByTime(600);
    await idle.during(async () => {});
    vi.advanceTimersByTime(600);
    expect(fired()).toBe(0);
  });

  it('does not fire while it is in use', async () => {
    const { idle, fired } = counted();
    await idle.during(async () => {});
    let end = (): void => {};
    const use = idle.during(() => new Promise<void>((resolve) => (end = resolve)));
    vi.advanceTimersByTime(5000);
    expect(fired()).toBe(0);
    end();
    await use;
    vi.advanceTimersByTime(1000);
    expect(fired()).toBe(1);
  });

  it('does not fire after it was stopped', async () => {
    const { idle, fired } = counted();
    await idle.during(async () => {});
    idle.stop();
    vi.advanceTimersByTime(5000);
    expect(fired()).toBe(0);
  });
});
