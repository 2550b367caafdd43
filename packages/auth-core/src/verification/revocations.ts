import { patiently, pause } from '../patiently.ts';
import type { TokenRecord } from '../token/token-store.ts';

/** The result of revoking a token. */
export interface Ended {
  /** The token as it is stored now; absent when the store has not answered. */
  readonly record?: TokenRecord;
  /** Whether the revocation is stored. Until then, only this process denies the token. */
  readonly stored: boolean;
}

/** The result of revoking several tokens together. */
export interface AllEnded {
  /** The tokens as they are stored now; none when the store has not answered. */
  readonly records: readonly TokenRecord[];
  readonly stored: boolean;
}

/** The steps that store and report a revocation, of one token or of several. Each is retried until it resolves. */
export interface EndingSteps {
  /** Writes the revocation, and returns what has ended; nothing when there is no record to write it to. */
  readonly store: () => Promise<readonly TokenRecord[]>;
  /** Reports the written revocation. It runs after the write, and callers wait for it only briefly. */
  readonly report: (records: readonly TokenRecord[]) => Promise<void>;
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
  /** As `end`, for ids that are stored together; `store` may end others, too. */
  endAll(ids: readonly string[], steps: EndingSteps): Promise<AllEnded>;
  /** Repeats a task in the background until it resolves, as the storing of a revocation; a thousand at a time. */
  later<T>(task: () => Promise<T>): Promise<T>;
  /** Tries once more to store the pending revocations, then stops. */
  stop(): Promise<void>;
}

/** How long the caller's answer waits for the store. */
const PATIENCE_MILLISECONDS = 500;
/** How long one attempt may take: a connection that is dead may never answer. */
const ATTEMPT_MILLISECONDS = 30_000;
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 30_000;
const MOST_TASKS = 1000;

interface Ending {
  /** Resolves when the revocation is stored and reported, or is no longer tried. */
  readonly done: Promise<void>;
  readonly stored: Promise<readonly TokenRecord[]>;
}

/** Creates the list of pending revocations. `onEnded` is called with each id before anything is awaited. */
export function createRevocations(onEnded: (id: string) => void): Revocations {
  const endings = new Map<string, Ending>();
  const tasks = new Set<Promise<unknown>>();
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
      // A call that began before the end is not the last one.
      const isLast = stopping.signal.aborted;
      try {
        return await patiently(call, ATTEMPT_MILLISECONDS);
      } catch (error) {
        if (isLast) throw error;
      }
      await pause(wait, stopping.signal);
    }
  }

  function begin(ids: readonly string[], { store, report }: EndingSteps): Ending {
    // The store is called only after the ids are denied here.
    const stored = Promise.resolve().then(() => untilDone(store));
    const reported = stored.then(async (records) => {
      // From here on the store has the revocation.
      for (const id of ids) if (endings.get(id) === ending) endings.delete(id);
      taken++;
      if (records.length > 0) await untilDone(() => report(records));
    });
    // A revocation that was never stored stays in force in this process.
    const done = reported.catch(() => undefined);
    const ending = { stored, done };
    for (const id of ids) endings.set(id, ending);
    for (const id of ids) onEnded(id);
    return ending;
  }

  async function wait({ stored, done }: Ending): Promise<AllEnded> {
    try {
      const records = await whileItTakes(stored);
      // The report follows the write. A quick one is awaited, so that its entry can be read at once.
      await patiently(() => done, PATIENCE_MILLISECONDS).catch(() => undefined);
      return { stored: true, records };
    } catch {
      return { stored: false, records: [] };
    }
  }

  return {
    has: (id) => endings.has(id),
    async end(id, steps) {
      const { stored, records } = await wait(endings.get(id) ?? begin([id], steps));
      const record = records.find((ended) => ended.id === id);
      return { stored, ...(record !== undefined && { record }) };
    },
    endAll: (ids, steps) => wait(begin(ids, steps)),
    later(task) {
      // With more of them, something is broken for good; each is still tried once.
      const done = tasks.size < MOST_TASKS ? untilDone(task) : task();
      tasks.add(done);
      const forget = () => void tasks.delete(done);
      done.then(forget, forget);
      return done;
    },
    async stop() {
      stopping.abort();
      const left = [...tasks, ...Array.from(new Set(endings.values()), ({ done }) => done)];
      await patiently(() => Promise.allSettled(left), PATIENCE_MILLISECONDS).catch(() => undefined);
    },
  };
}
