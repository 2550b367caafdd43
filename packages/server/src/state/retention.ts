import type { Logger } from '../telemetry/logger.ts';

/** A kind of record that is removed after a while. */
export interface Retention {
  /** The name of the records, for the log. */
  readonly name: string;
  /** Removes the records that have expired. */
  readonly forget: (now: Date) => Promise<unknown>;
}

export interface RetentionOptions {
  readonly kept: readonly Retention[];
  readonly clock: () => Date;
  readonly logger: Pick<Logger, 'warn'>;
}

const HOUR_MILLISECONDS = 3_600_000;
const DAY_MILLISECONDS = 24 * HOUR_MILLISECONDS;

/** Keeps records for a number of days. */
export function keepDays(name: string, days: number, forgetBefore: (time: Date) => Promise<void>): Retention {
  return { name, forget: (now) => forgetBefore(new Date(now.getTime() - days * DAY_MILLISECONDS)) };
}

/** Removes the records that have expired. A failure is logged, and the next sweep tries again. */
export async function sweep({ kept, clock, logger }: RetentionOptions): Promise<void> {
  for (const { name, forget } of kept) {
    try {
      await forget(clock());
    } catch (error) {
      logger.warn({ err: error, kept: name }, 'what is kept no longer could not be removed');
    }
  }
}

/** Sweeps at once, and then every hour. */
export function startRetention(options: RetentionOptions): AsyncDisposable {
  let running = sweep(options);
  const timer = setInterval(() => {
    running = running.then(() => sweep(options));
  }, HOUR_MILLISECONDS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
