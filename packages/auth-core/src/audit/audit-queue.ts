import type { StampedEvent } from './audit-chain.ts';
import type { AuditEvent } from './audit-event.ts';

/** Events that are not in the log, and never will be. */
export interface LostEvents {
  readonly count: number;
  /** What the store failed with; absent where there was no room left. For the server's own log only. */
  readonly cause?: unknown;
}

/** Writes events together that come while others are written. */
export interface AuditQueue {
  /** Resolves when the event is in the log; rejects with what the store failed with. */
  record(event: AuditEvent): Promise<void>;
  note(event: AuditEvent): void;
  /** Resolves when the notes that wait now were written, or failed; those that follow do not count. */
  settle(): Promise<void>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

interface Waiting extends StampedEvent {
  /** Its place among all that came, whatever is written first. */
  readonly order: number;
}

interface Recording extends Waiting {
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

const BATCH = 500;
const CAPACITY = 10_000;
/** How long a note waits for something to be written together with: each write waits for the disk. */
const NOTE_MILLISECONDS = 50;

/** Creates it. Records do not wait behind notes, however many there are. */
export function createAuditQueue(
  append: (events: readonly StampedEvent[]) => Promise<unknown>,
  stamp: (event: AuditEvent) => StampedEvent,
  onLost: (lost: LostEvents) => void,
): AuditQueue {
  const records: Recording[] = [];
  const notes: Waiting[] = [];
  /** How many events have come. */
  let came = 0;
  /** Notes that are lost and of which the log does not know yet. */
  let dropped = 0;
  /** Notes for which there was no room, and of which nobody was told yet. */
  let overflow = 0;
  /** How many notes were let in, and how many of those were written or failed. */
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
      // Not tried again: a note that a store can never take would keep out all that follow.
      dropped += batch.length;
      if (batch.length > 0) onLost({ count: batch.length, cause });
    }
    settled += batch.length;
  }

  /** In one write, in the order in which they came; false when that failed, as it may because of a single note. */
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
    // Room for what tells of those that were lost.
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
    // Not at once, so that what comes together is written together.
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
      // Once more, for what the last notes left to say.
      start();
      await writing;
    },
  };
}
