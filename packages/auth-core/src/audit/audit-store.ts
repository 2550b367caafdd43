import type { AuditEvent, AuditedAct } from './audit-event.ts';

/**
 * One entry of an audit log: an event, its place, and what binds it to the entry before it. As JSON, an entry is one
 * line: `JSON.stringify(entry)`.
 */
export interface AuditEntry extends AuditEvent {
  /** The place in the log: 1, 2, 3 and so on, without gaps. */
  readonly seq: number;
  /** When it was handed to the log: RFC 3339 in UTC with milliseconds. Clocks differ, so only `seq` gives the order. */
  readonly at: string;
  /** The hash of the entry before it; 64 zeros for the first. */
  readonly previousHash: string;
  /** The id of the key that made the hash. Earlier versions had one key, and did not name it. */
  readonly keyId?: string;
  /** 64 hexadecimal digits over `previousHash` and everything else in the entry. */
  readonly hash: string;
}

/** Where a log ends: the number and the hash of its last entry. Of an empty log: 0, and 64 zeros. */
export interface AuditHead {
  readonly seq: number;
  readonly hash: string;
}

/** A head as a store keeps it. The seal of another head cannot be made without the log's key. */
export interface SealedAuditHead extends AuditHead {
  /**
   * The number and the hash of the last trimmed entry. The log begins after it, and its number is also the number of
   * trimmed entries. Absent where nothing was trimmed.
   */
  readonly start?: AuditHead;
  readonly seal: string;
}

/** An entry from which a verification can begin. The seal of another entry cannot be made without the log's key. */
export interface AuditCheckpoint extends AuditHead {
  readonly seal: string;
}

/** What one append writes: at most 500 entries that follow the current head, and the new head. */
export interface AuditBatch {
  readonly entries: readonly AuditEntry[];
  readonly head: SealedAuditHead;
  /** One of the entries, which is also stored as a checkpoint. */
  readonly checkpoint?: AuditCheckpoint;
}

/** Which entries to read. An entry must match every condition that is present. */
export interface AuditQuery {
  /** Only entries with a greater `seq`. */
  readonly after?: number;
  /** The maximum number of entries; at least 1. */
  readonly limit: number;
  readonly type?: string;
  readonly actorId?: string;
  /** The stored token at the beginning of the actor's chain. */
  readonly rootId?: string;
  readonly project?: string;
  readonly subject?: string;
  /** RFC 3339 in UTC with milliseconds, as in the entries: at this time or later. */
  readonly since?: string;
  /** Likewise: before this time. */
  readonly until?: string;
}

/** Makes a batch from the head (undefined where nothing was ever appended). `read` reads within the transaction. */
export type AuditBinding<Batch> = (head: SealedAuditHead | undefined, read: AuditStore['read']) => Promise<Batch>;

/**
 * SEAM: where an audit log is kept. `@latchkey/auth-core/testing` has the contract that an implementation must meet.
 *
 * A store keeps what it is given and knows no key. A method that cannot do its work rejects.
 */
export interface AuditStore {
  /**
   * Adds to the end of the log. Locks the head, calls `chain` with it, and writes the entries, the checkpoint and the
   * head of the batch, all or nothing. No other append, of any process that shares the store, runs in between. Once it
   * has resolved, the batch is durable. Rejects, and writes nothing, when `chain` rejects or when a place is taken.
   *
   * @param act is called first, with the transaction, by a store that has a `database`; when it returns false or
   * rejects, nothing is written
   * @param transaction one of its `database` that is open: all of this is part of it
   */
  append(chain: AuditBinding<AuditBatch>, act?: AuditedAct, transaction?: unknown): Promise<void>;
  /**
   * Does what `append` does, and in the same step removes the entries and the checkpoints up to the `start` of the new
   * head. Changes nothing where there is no batch.
   */
  trim(chain: AuditBinding<AuditBatch | undefined>): Promise<void>;
  /** The database of its transactions, where other stores can take part in them. */
  readonly database?: object;
  /** The entries that match, by `seq`, the lowest first. */
  read(query: AuditQuery): Promise<AuditEntry[]>;
  /** The head as it is now; undefined where nothing was ever appended. */
  head(): Promise<SealedAuditHead | undefined>;
  /** All checkpoints, by `seq`, the lowest first. */
  checkpoints(): Promise<AuditCheckpoint[]>;
  /** Releases the store's own resources. Every later call rejects. */
  close(): Promise<void>;
}
