import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchdog } from '../src/watchdog.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const SECOND = 1000;

/** The watchdog of a process that answers as long as `answers` is true. */
function watch() {
  const process = { answers: true, asked: 0, givenUp: 0 };
  const watchdog: Watchdog = new Watchdog(
    {
      ask: () => {
        process.asked += 1;
        if (process.answers) watchdog.heard();
      },
      giveUp: () => {
        process.givenUp += 1;
      },
    },
    3 * SECOND,
  );
  return { process, watchdog };
}

describe('a process with work', () => {
  it('that answers may take for ever', () => {
    const { process, watchdog } = watch();
    watchdog.work();
    vi.advanceTimersByTime(600 * SECOND);
    expect(process.givenUp).toBe(0);
  });

  it('that answers no longer is given up, once', () => {
    const { process, watchdog } = watch();
    watchdog.work();
    vi.advanceTimersByTime(10 * SECOND);
    process.answers = false;
    vi.advanceTimersByTime(3 * SECOND);
    expect(process.givenUp).toBe(0);
    vi.advanceTimersByTime(60 * SECOND);
    expect(process.givenUp).toBe(1);
  });

  it('that has never said a word is only starting', () => {
    const { process, watchdog } = watch();
    process.answers = false;
    watchdog.work();
    vi.advanceTimersByTime(60 * SECOND);
    expect(process.givenUp).toBe(0);
  });
});

describe('a process without work', () => {
  it('is asked nothing, and may be silent', () => {
    const { process, watchdog } = watch();
    watchdog.heard();
    const [one, other] = [watchdog.work(), watchdog.work()];
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    process.answers = false;
    vi.advanceTimersByTime(SECOND);
    expect(process.asked).toBe(1);
    other[Symbol.dispose]();
    vi.advanceTimersByTime(600 * SECOND);
    expect([process.asked, process.givenUp]).toEqual([1, 0]);
  });
});
