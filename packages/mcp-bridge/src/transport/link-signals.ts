/** One signal made of several. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  /** Aborts this one; those that it was made of are left alone. */
  abort(reason?: unknown): void;
  /** Takes the listeners off again; to be called when nobody waits any more. */
  release(): void;
}

/**
 * One signal of several, whose listeners can be taken off again. `AbortSignal.any` keeps them until they are collected: on
 * a signal that lives long, each call costs more than the one before.
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
