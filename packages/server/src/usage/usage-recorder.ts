import type { RecordUsage } from '../contracts/usage-record.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DailyUsage, UsageStore } from './kysely-usage-store.ts';
import { addCounts } from './usage-counts.ts';

/** The longest time between writes: a crash loses at most this much. */
const WRITE_MILLISECONDS = 5000;

/** Collects usage and writes it periodically; disposing of it writes the rest. */
export interface UsageRecorder extends AsyncDisposable {
  readonly record: RecordUsage;
  /** Writes what was collected, so that reads include it. Rejects when that fails; nothing is lost then. */
  flush(): Promise<void>;
}

export interface UsageRecorderOptions {
  readonly store: Pick<UsageStore, 'add'>;
  readonly clock: () => Date;
  readonly logger: Logger;
  /** Called with each record at once. */
  readonly onRecord?: RecordUsage;
}

/**
 * Creates a usage recorder. Its timer runs only while there is something to write, and does not keep the process alive.
 */
export function createUsageRecorder({ store, clock, logger, onRecord }: UsageRecorderOptions): UsageRecorder {
  let gathered = new Map<string, DailyUsage>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function gather(record: DailyUsage): void {
    const key = JSON.stringify([record.day, record.rootId, record.project, record.model]);
    const others = gathered.get(key);
    gathered.set(key, others === undefined ? record : { ...record, ...addCounts(others, record) });
    timer ??= setTimeout(() => void flush().catch(warn), WRITE_MILLISECONDS).unref();
  }

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = [...gathered.values()];
    if (batch.length === 0) return;
    gathered = new Map();
    try {
      await store.add(batch);
    } catch (error) {
      // The batch is merged and written with the next one; there is one entry for each token, project and model.
      for (const record of batch) gather(record);
      throw error;
    }
  }

  function flush(): Promise<void> {
    const next = writing.then(write);
    writing = next.catch(() => undefined);
    return next;
  }

  const warn = (error: unknown): void => logger.warn({ err: error }, 'usage could not be written; it is tried again');

  return {
    record: (record) => {
      gather({ ...record, day: clock().toISOString().slice(0, 10) });
      onRecord?.(record);
    },
    flush,
    [Symbol.asyncDispose]: async () => {
      await flush().catch((error: unknown) => logger.error({ err: error }, 'usage could not be written and is lost'));
      clearTimeout(timer);
    },
  };
}
