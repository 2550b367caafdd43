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

/** Takes note of an event. Once it has resolved, the event is kept; it rejects when that cannot be said. */
export type AuditSink = (event: AuditEvent) => Promise<void>;
