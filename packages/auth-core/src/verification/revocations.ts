import { patiently, pause } from '../store/patiently.ts';
import type { TokenRecord } from '../store/token-store.ts';

/** What became of an act that ends a token. */
export interface Ended {
  /** The token as it is kept now, as far as the store has said. */
  readonly record?: TokenRecord;
  /** Whether the store has it. Until then, the token is denied here and nowhere else. */
  readonly stored: boolean;
}

/** How the end of a token is kept. Both are tried until they have resolved. */
export interface EndingSteps {
  /** Writes it; undefined when there is nothing to write it to. */
  readonly store: () => Promise<TokenRecord | undefined>;
  /** Reports what was written; it follows, and nothing waits for it for long. */
  readonly report: (record: TokenRecord) => Promise<void>;
}

/** What was ended here, and is not in the store yet. */
export interface Revocations {
  /** Whether an id was ended here. What the store knows of by itself is not its concern. */
  has(id: string): boolean;
  /**
   * Denies an id from now on, has it stored, and answers when that is done, or when the store has taken nothing for half a
   * second. It goes on trying then, as long as the process lives.
   */
  end(id: string, steps: EndingSteps): Promise<Ended>;
  /** Tries once more what is not stored, and stops trying. */
  stop(): Promise<void>;
}

/** How long an answer waits for the store. */
const PATIENCE_MILLISECONDS = 500;
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

interface Ending {
  /** Resolves when it is stored and reported, or need not be tried any more. */
  readonly done: Promise<void>;
  readonly stored: Promise<TokenRecord | undefined>;
}

/** Creates it. `onEnded` is told of each id before anything waits. */
export function createRevocations(onEnded: (id: string) => void): Revocations {
  const endings = new Map<string, Ending>();
  const stopping = new AbortController();
  /** How many the store has taken. */
  let taken = 0;

  /** Waits for the store, and for longer while it takes others that were ended at the same time. */
  async function whileItTakes<T>(stored: Promise<T>): Promise<T> {
    for (;;) {
      const before = taken;
      try {
        return await patiently(() => stored, PATIENCE_MILLISECONDS);
      } catch (error) {
        if (taken === before) throw error;
      }
    }
  }

  /** Calls until it answers. */
  async function untilDone<T>(call: () => Promise<T>): Promise<T> {
    for (let wait = FIRST_PAUSE_MILLISECONDS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MILLISECONDS)) {
      try {
        return await call();
      } catch (error) {
        if (stopping.signal.aborted) throw error;
      }
      await pause(wait, stopping.signal);
    }
  }

  function begin(id: string, { store, report }: EndingSteps): Ending {
    // Not before the id is denied.
    const stored = Promise.resolve().then(() => untilDone(store));
    const reported = stored.then(async (record) => {
      // From here on the store denies it.
      endings.delete(id);
      taken++;
      if (record !== undefined) await untilDone(() => report(record));
    });
    // What was never stored stays denied here.
    const done = reported.catch(() => undefined);
    const ending = { stored, done };
    endings.set(id, ending);
    onEnded(id);
    return ending;
  }

  return {
    has: (id) => endings.has(id),
    async end(id, steps) {
      const { stored, done } = endings.get(id) ?? begin(id, steps);
      try {
        const record = await whileItTakes(stored);
        // What reports it follows; one that is quick is awaited, so that it can be read at once.
        await patiently(() => done, PATIENCE_MILLISECONDS).catch(() => undefined);
        return { stored: true, ...(record !== undefined && { record }) };
      } catch {
        return { stored: false };
      }
    },
    async stop() {
      stopping.abort();
      const left = Array.from(endings.values(), ({ done }) => done);
      await patiently(() => Promise.all(left), PATIENCE_MILLISECONDS).catch(() => undefined);
    },
  };
}
