/** A signal that combines several. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Aborts this signal; its sources are not affected. */
  abort(reason?: unknown): void;
  /** Removes the listeners; to be called when the signal is no longer needed. */
  release(): void;
}

/**
 * Combines several signals into one whose listeners can be removed. `AbortSignal.any` keeps its listeners until they
 * are collected: on a long-lived signal, each call costs more than the one before.
 */
export function linkSignals(sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const release = (): void => {
    for (const source of sources) source?.removeEventListener('abort', follow);
  };
  const abort = (reason?: unknown): void => {
    release();
    controller.abort(reason);
  };
  const follow = (): void => abort(sources.find((source) => source?.aborted)?.reason);
  for (const source of sources) {
    if (source?.aborted) abort(source.reason);
    else if (!controller.signal.aborted) source?.addEventListener('abort', follow, { once: true });
  }
  return { signal: controller.signal, abort, release };
}
