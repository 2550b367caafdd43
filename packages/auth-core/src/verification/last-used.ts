import type { TokenStore } from '../token/token-store.ts';

/** Collects when tokens were last used, and writes the times periodically. */
export interface LastUsed {
  note(id: string, now: number): void;
  /** Writes the collected times. Never rejects: losing a last-used time is harmless. */
  flush(): Promise<void>;
}

const INTERVAL_MILLISECONDS = 30_000;
const CAPACITY = 10_000;

/** Creates the collector; the first write is due half a minute after `startedAt` (milliseconds since 1970). */
export function createLastUsed(store: Pick<TokenStore, 'touch'>, startedAt: number, capacity = CAPACITY): LastUsed {
  let pending = new Map<string, number>();
  let flushedAt = startedAt;
  let writing = Promise.resolve();

  async function write(): Promise<void> {
    if (pending.size === 0) return;
    const batch = new Map(Array.from(pending, ([id, time]) => [id, new Date(time).toISOString()] as const));
    pending = new Map();
    await store.touch(batch).catch(() => undefined);
  }

  function flush(): Promise<void> {
    writing = writing.then(write);
    return writing;
  }

  return {
    note(id, now) {
      pending.set(id, now);
      if (now - flushedAt < INTERVAL_MILLISECONDS && pending.size < capacity) return;
      flushedAt = now;
      void flush();
    },
    flush,
  };
}
