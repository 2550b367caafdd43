import { patiently, pause } from '../patiently.ts';
import type { TokenRecord } from '../token/token-store.ts';

/** The result of revoking a token. */
export interface Ended {
  /** The token as it is stored now; absent when the store has not answered. */
  readonly record?: TokenRecord;
  /** Whether the revocation is stored. Until then, only this process denies the token. */
  readonly stored: boolean;
}

/** The steps that store and report a revocation. Each is retried until it resolves. */
export interface EndingSteps {
  /** Writes the revocation; undefined when there is no record to write it to. */
  readonly store: () => Promise<TokenRecord | undefined>;
  /** Reports the written revocation. It runs after the write, and callers wait for it only briefly. */
  readonly report: (record: TokenRecord) => Promise<void>;
}

/** The revocations of this process that are not stored yet. */
export interface Revocations {
  /** Whether this process has revoked the id and the store does not have it yet. */
  has(id: string): boolean;
  /**
   * Denies an id from now on and stores the revocation. Resolves when it is stored, or when the store has accepted
   * nothing for half a second. In that case it keeps trying as long as the process lives.
   */
  end(id: string, steps: EndingSteps): Promise<Ended>;
  /** Tries once more to store the pending revocations, then stops. */
  stop(): Promise<void>;
}

/** How long the caller's answer waits for the store. */
const PATIENCE_MILLISECONDS = 500;
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

interface Ending {
  /** Resolves when the revocation is stored and reported, or is no longer tried. */
  readonly done: Promise<void>;
  readonly stored: Promise<TokenRecord | undefined>;
}

/** Creates the list of pending revocations. `onEnded` is called with each id before anything is awaited. */
export function createRevocations(onEnded: (id: string) => void): Revocations {
  const endings = new Map<string, Ending>();
  const stopping = new AbortController();
  /** How many revocations the store has accepted. */
  let taken = 0;

  /** Waits for the store, and keeps waiting while it accepts other revocations made at the same time. */
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

  /** Repeats the call until it resolves. */
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
    // The store is called only after the id is denied here.
    const stored = Promise.resolve().then(() => untilDone(store));
    const reported = stored.then(async (record) => {
      // From here on the store has the revocation.
      endings.delete(id);
      taken++;
      if (record !== undefined) await untilDone(() => report(record));
    });
    // A revocation that was never stored stays in force in this process.
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
        // The report follows the write. A quick one is awaited, so that its entry can be read at once.
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
