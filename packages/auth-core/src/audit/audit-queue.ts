import type { StampedEvent } from './audit-chain.ts';
import type { AuditEvent } from './audit-event.ts';

/** Events that are not in the log, and never will be. */
export interface LostEvents {
  readonly count: number;
  /** The error of the store; absent where there was no room. For the server's own log only. */
  readonly cause?: unknown;
}

/** Writes events in batches: those that arrive during a write are written together afterwards. */
export interface AuditQueue {
  /** Resolves when the event is in the log; rejects with the error of the store. */
  record(event: AuditEvent): Promise<void>;
  note(event: AuditEvent): void;
  /** Resolves when the notes that are waiting now were written or failed. Later notes are not waited for. */
  settle(): Promise<void>;
  /** Resolves when the queue is empty. */
  drain(): Promise<void>;
}

interface Waiting extends StampedEvent {
  /** Its place in the order of arrival, which may differ from the order of writing. */
  readonly order: number;
}

interface Recording extends Waiting {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

const BATCH = 500;
const CAPACITY = 10_000;
/** How long a note waits for other events of its batch: each write waits for the disk. */
const NOTE_MILLISECONDS = 50;

/** Creates an audit queue. Records do not wait behind notes, however many notes there are. */
export function createAuditQueue(
  append: (events: readonly StampedEvent[]) => Promise<unknown>,
  stamp: (event: AuditEvent) => StampedEvent,
  onLost: (lost: LostEvents) => void,
): AuditQueue {
  const records: Recording[] = [];
  const notes: Waiting[] = [];
  /** How many events have arrived. */
  let came = 0;
  /** How many notes were lost since the last `audit.dropped` entry. */
  let dropped = 0;
  /** How many notes found no room and are not yet reported to `onLost`. */
  let overflow = 0;
  /** How many notes were accepted, and how many of those were written or failed. */
  let noted = 0;
  let settled = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round: Promise<void> | undefined;
  let writing: Promise<void> | undefined;

  const place = (event: AuditEvent): Waiting => ({ ...stamp(event), order: came++ });

  async function writeRecords(batch: readonly Recording[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await append(batch);
      for (const { resolve } of batch) resolve();
    } catch (cause) {
      for (const { reject } of batch) reject(cause);
    }
  }

  async function writeNotes(batch: readonly Waiting[]): Promise<void> {
    const count = dropped;
    if (batch.length === 0 && count === 0) return;
    const gap = { type: 'audit.dropped', actor: {}, details: { count } };
    try {
      await append(count > 0 ? [...batch, stamp(gap)] : batch);
      dropped -= count;
    } catch (cause) {
      // Not tried again: a note that the store can never write would block all later ones.
      dropped += batch.length;
      if (batch.length > 0) onLost({ count: batch.length, cause });
    }
    settled += batch.length;
  }

  /** Writes all in one append, in order of arrival. Returns false when that failed: a single note can be the cause. */
  async function writeTogether(recorded: readonly Recording[], waiting: readonly Waiting[]): Promise<boolean> {
    try {
      await append([...recorded, ...waiting].sort((left, right) => left.order - right.order));
    } catch {
      return false;
    }
    for (const { resolve } of recorded) resolve();
    settled += waiting.length;
    return true;
  }

  function tellOverflow(): void {
    if (overflow > 0) onLost({ count: overflow });
    overflow = 0;
  }

  async function writeRound(): Promise<void> {
    const recorded = records.splice(0, BATCH);
    // One place is left for the `audit.dropped` entry.
    const waiting = notes.splice(0, Math.max(0, BATCH - 1 - recorded.length));
    const together = recorded.length > 0 && waiting.length > 0 && dropped === 0;
    if (!together || !(await writeTogether(recorded, waiting))) {
      await writeRecords(recorded);
      await writeNotes(waiting);
    }
    tellOverflow();
  }

  async function write(): Promise<void> {
    do {
      round = writeRound();
      await round;
    } while (records.length > 0 || notes.length > 0);
    writing = undefined;
  }

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    // Deferred, so that events of the same tick are written together.
    writing ??= Promise.resolve().then(write);
  }

  return {
    record(event) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      records.push({ ...place(event), resolve, reject });
      start();
      return promise;
    },
    note(event) {
      if (notes.length < CAPACITY) {
        notes.push(place(event));
        noted++;
      } else {
        dropped++;
        overflow++;
      }
      if (notes.length >= BATCH) start();
      else timer ??= setTimeout(start, NOTE_MILLISECONDS);
    },
    async settle() {
      const last = noted;
      if (settled < last) start();
      while (settled < last) await round;
    },
    async drain() {
      await writing;
      // Once more, for the `audit.dropped` entry of the last notes.
      start();
      await writing;
    },
  };
}
