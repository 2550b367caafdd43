import type { CallProgress } from '../contracts/served-tools.ts';

/** The parameters of `notifications/progress` but its token. */
export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** Tells a client that asked for it how its call gets on; dispose it with the call. */
export interface ProgressTeller extends Disposable {
  note(news: CallProgress): void;
}

/** A tool may report as fast as it can; so many at the most reach a client that may read slowly. */
const GAP_MILLISECONDS = 20;
/** How often a client hears that a call still waits: most give a call up that they hear nothing of for a minute. */
const REPEAT_MILLISECONDS = 15_000;
/** Each notification must say more than the one before (MCP, progress), though nothing has been done. */
const STEP = 1e-6;

/** @param send told what to send, with a `progress` that only grows */
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
