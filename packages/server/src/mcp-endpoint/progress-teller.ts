import type { CallProgress } from '../contracts/served-tools.ts';

/** The parameters of `notifications/progress` without its token. */
export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** Notifies a client of the progress of its call, if the client asked for that. Dispose it with the call. */
export interface ProgressTeller extends Disposable {
  note(news: CallProgress): void;
}

/** The shortest time between two notifications: a tool may report faster than a client reads. */
const GAP_MILLISECONDS = 20;
/**
 * How often a client is notified that a call is still waiting: most clients give up a call after a minute of silence.
 */
const REPEAT_MILLISECONDS = 15_000;
/** Each notification must report more progress than the one before (MCP, progress), even if there was none. */
const STEP = 1e-6;

/** @param send called with each notification; its `progress` only increases */
export function createProgressTeller(send: (progress: Progress) => void): ProgressTeller {
  let last: number | undefined;
  let sentAt = Number.NEGATIVE_INFINITY;
  let repeating: NodeJS.Timeout | undefined;
  const tell = (progress: Progress): void => {
    last = progress.progress;
    sentAt = performance.now();
    send(progress);
  };
  const tellWaiting = (approval: string): void => {
    const message = `This call waits for the approval of a person (${approval}).`;
    tell({ progress: last === undefined ? 0 : last + STEP, message });
  };
  const stop = (): void => clearInterval(repeating);
  return {
    note(news) {
      stop();
      if (news.type === 'waiting') {
        tellWaiting(news.approval);
        repeating = setInterval(tellWaiting, REPEAT_MILLISECONDS, news.approval);
        return;
      }
      const { type: _, ...progress } = news;
      const isMore = last === undefined || progress.progress > last;
      if (isMore && performance.now() - sentAt >= GAP_MILLISECONDS) tell(progress);
    },
    [Symbol.dispose]: stop,
  };
}
