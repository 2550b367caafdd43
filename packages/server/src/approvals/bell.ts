/** Notifies of changes made in this process, so that waiting code need not wait for the next poll of the database. */
export interface Bell {
  /** Wakes the listeners of this approval and those of all approvals. */
  ring(id: string): void;
  /** Listens from now on, to one approval or to all. */
  listen(id?: string): Ear;
}

/** A listener. */
export interface Ear extends Disposable {
  /** Resolves when the bell has rung since the last call, after the given time, or when the signal fires. */
  heard(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Creates a bell. */
export function createBell(): Bell {
  const ears = new Set<{ readonly id: string | undefined; readonly wake: () => void }>();
  return {
    ring(id) {
      for (const ear of ears) if (ear.id === undefined || ear.id === id) ear.wake();
    },
    listen(id) {
      let rung = Promise.withResolvers<void>();
      const ear = { id, wake: () => rung.resolve() };
      ears.add(ear);
      return {
        async heard(milliseconds, signal) {
          if (signal?.aborted) return;
          const wake = (): void => rung.resolve();
          const timer = setTimeout(wake, milliseconds);
          signal?.addEventListener('abort', wake, { once: true });
          await rung.promise;
          signal?.removeEventListener('abort', wake);
          clearTimeout(timer);
          rung = Promise.withResolvers();
        },
        [Symbol.dispose]: () => void ears.delete(ear),
      };
    },
  };
}
