import type { Json } from '../schema/json-schema.ts';

/** Who did something: a principal, or whoever could not say who they are. */
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

/** Something that happened and must be remembered. It never holds a secret, nor the text of an argument unless asked. */
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

/** Takes note of an event. Once it has resolved, the event is kept; it rejects when that cannot be said. */
export interface AuditSink {
  (event: AuditEvent): Promise<void>;
  /**
   * What makes an act and its entry one, for stores that share a database with the log; see {@link recordAct}. Without it,
   * the entry is written before the act.
   */
  readonly together?: ActsTogether | undefined;
}

/** Writes in one transaction what was done, and that it was done. */
export interface ActsTogether {
  /** Whose transactions it opens: a store of another database is not written in them. */
  readonly database: object;
  /**
   * Lets the act write in a transaction, and adds the entry to the same one. False, and no entry, when the act says so; when
   * the act or the entry fails, neither is there.
   */
  write(event: AuditEvent, act: AuditedAct): Promise<boolean>;
}
