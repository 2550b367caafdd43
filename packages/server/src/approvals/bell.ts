/** Tells of what has changed in this process, so that nobody has to wait for the next look into the database. */
export interface Bell {
  /** For all who listen to this approval, and those who listen to all. */
  ring(id: string): void;
  /** Listens from now on, to one or to all. */
  listen(id?: string): Ear;
}

/** Somebody who listens. */
export interface Ear extends Disposable {
  /** Resolves when the bell has rung since the last time, after so many milliseconds, or when the signal fires. */
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
