import { DownloadFailure } from './download-failure.ts';

/** Ends a transfer of which nothing has come for too long. */
export interface StallGuard extends Disposable {
  /** Fires when the transfer stalls, and when the outer signal fires. */
  readonly signal: AbortSignal;
  /** Something has come. */
  touch(): void;
}

export function guardAgainstStalls(milliseconds: number, outer: AbortSignal): StallGuard {
  const stalled = new AbortController();
  const timer = setTimeout(() => {
    const seconds = milliseconds / 1000;
    stalled.abort(new DownloadFailure(`Nothing has come for ${seconds} seconds.`, { isPassing: true }));
  }, milliseconds);
  return {
    signal: AbortSignal.any([outer, stalled.signal]),
    touch: () => void timer.refresh(),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
