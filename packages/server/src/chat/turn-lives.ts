/** The turns of this server that may be carried on without their callers, so that one that comes back finds what came of it. */
export interface TurnLives {
  /** A turn begins; it ends with what is returned. */
  begin(): Disposable & {
    /** It is carried on when its caller has left, which the signal says. */
    readonly outlive: (responseId: string, signal: AbortSignal) => void;
  };
  /** Waits for the end of a turn whose caller has left. */
  whenLeft(responseId: string | undefined, signal: AbortSignal): Promise<void>;
}

export function createTurnLives(): TurnLives {
  const living = new Map<string, { readonly signal: AbortSignal; readonly over: Promise<void> }>();
  return {
    begin() {
      const over = Promise.withResolvers<void>();
      let id: string | undefined;
      return {
        outlive(responseId, signal) {
          id = responseId;
          living.set(responseId, { signal, over: over.promise });
        },
        [Symbol.dispose]() {
          if (id !== undefined) living.delete(id);
          over.resolve();
        },
      };
    },
    async whenLeft(responseId, signal) {
      const turn = living.get(responseId ?? '');
      if (turn?.signal.aborted !== true) return;
      const aborted = Promise.withResolvers<never>();
      const abort = (): void => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        await Promise.race([turn.over, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}
