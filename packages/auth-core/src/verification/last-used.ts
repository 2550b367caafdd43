import { type Repeat, systemRepeat } from '../repeat.ts';
import type { TokenStore } from '../token/token-store.ts';

/** Collects when tokens were last used, and writes the times periodically. */
export interface LastUsed {
  note(id: string, now: number): void;
  /** Writes the collected times. Never rejects: what could not be written is kept for the next time. */
  flush(): Promise<void>;
  /** Writes the collected times, and stops. */
  close(): Promise<void>;
}

const INTERVAL_MILLISECONDS = 30_000;
const CAPACITY = 10_000;

/**
 * Creates the collector. Times are written every half minute by a timer, so that a process that is killed loses no more;
 * where timers rest between requests, the next use after half a minute writes them. Times are milliseconds since 1970.
 */
export function createLastUsed(
  store: Pick<TokenStore, 'touch'>,
  startedAt: number,
  repeat: Repeat = systemRepeat,
  capacity = CAPACITY,
): LastUsed {
  let pending = new Map<string, number>();
  let flushedAt = startedAt;
  let writing = Promise.resolve();
  let stopTimer: (() => void) | undefined;

  async function write(): Promise<void> {
    if (pending.size === 0) return;
    const batch = pending;
    pending = new Map();
    try {
      await store.touch(new Map(Array.from(batch, ([id, time]) => [id, new Date(time).toISOString()])));
    } catch {
      keep(batch);
    }
  }

  /** Keeps what could not be written, as far as there is room; what was noted meanwhile is newer. */
  function keep(batch: ReadonlyMap<string, number>): void {
    for (const [id, time] of batch) {
      if (pending.size >= capacity) return;
      if (!pending.has(id)) pending.set(id, time);
    }
  }

  function flush(): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  function stop(): void {
    stopTimer?.();
    stopTimer = undefined;
  }

  return {
    note(id, now) {
      pending.set(id, now);
      stopTimer ??= repeat(() => {
        if (pending.size === 0) stop();
        else void flush();
      }, INTERVAL_MILLISECONDS);
      // A clock that was set back must not stop the writing.
      if (Math.abs(now - flushedAt) < INTERVAL_MILLISECONDS && pending.size < capacity) return;
      flushedAt = now;
      void flush();
    },
    flush,
    async close() {
      stop();
      await flush();
    },
  };
}
