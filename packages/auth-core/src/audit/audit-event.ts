import type { Json } from '../schema/json-schema.ts';

/** The actor of an event: a principal, or an unknown caller. */
export interface AuditActor {
  /** The principal's id; absent for a stranger. */
  readonly id?: string;
  readonly name?: string;
  readonly owner?: string;
  /** The stored token at the beginning of the principal's chain. */
  readonly rootId?: string;
  /** The IP address that the request came from. */
  readonly address?: string;
}

/**
 * Something that happened and must be remembered. It never holds a secret, nor the text of an argument unless asked.
 */
export interface AuditEvent {
  /** What happened, as `noun.verb` in the past tense: `token.issued`, `permission.denied`, `tool.called`. */
  readonly type: string;
  readonly actor: AuditActor;
  readonly project?: string;
  /** What it happened to: the id of a token, the name of a setting, `plugin tool`. */
  readonly subject?: string;
  readonly details?: Readonly<Record<string, Json>>;
}

/** A change that says whether it was made; it changes nothing when it says false or rejects. */
export type AuditedAct = (transaction?: unknown) => Promise<boolean>;

/** Records an event. Once it has resolved, the event is durable; it rejects when that is not certain. */
export interface AuditSink {
  (event: AuditEvent): Promise<void>;
  /**
   * Writes an act and its entry in one transaction, for stores that share a database with the log; see {@link
   * recordAct}. Without it, the entry is written before the act.
   */
  readonly together?: ActsTogether | undefined;
}

/** Writes a change and its audit entry in one transaction. */
export interface ActsTogether {
  /** The database of the transactions that it opens. A store of another database does not take part in them. */
  readonly database: object;
  /**
   * Runs the act in a transaction, and adds the entry in the same one. Returns false, without an entry, when the act
   * returns false. When the act or the entry fails, neither is written. A function is called after the act, for an entry
   * that says what the act has found.
   */
  write(event: AuditEvent | (() => AuditEvent), act: AuditedAct): Promise<boolean>;
  /** Records in a transaction that is open, of this database: an entry is part of it. */
  over?(transaction: object): AuditSink;
}
