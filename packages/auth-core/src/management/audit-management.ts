import type { AuditEvent, AuditedAct, AuditSink } from '../audit/audit-event.ts';
import { keepEvent, recordAct } from '../audit/record-act.ts';
import { toActor } from '../audit/to-actor.ts';
import type { Principal } from '../principal.ts';
import type { Json } from '../schema/json-schema.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';

/** The types of audit entries for changes to tokens. */
export type ManagementAct =
  | 'token.issued'
  | 'token.edited'
  | 'token.rotated'
  | 'token.revoked'
  | 'token.deleted'
  | 'token.revealed'
  | 'token.exchanged';

/** A change to a token, and the principal that made it. */
export interface ManagementEntry {
  readonly type: ManagementAct;
  readonly by: Principal;
  readonly record: TokenRecord;
  readonly details?: Readonly<Record<string, Json>>;
}

/** Records every change to a token in the audit log. A change that cannot be recorded is not made. */
export interface ManagementAudit {
  /** @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE` */
  note(entry: ManagementEntry): Promise<void>;
  /**
   * Writes the act together with its audit entry, or neither; false when the store refused the act.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`
   */
  write(entry: ManagementEntry, act: AuditedAct): Promise<boolean>;
}

/** Creates a management audit that writes to the sink; without a sink, nothing is recorded. */
export function createManagementAudit(
  sink: AuditSink | undefined,
  store: Pick<TokenStore, 'database'>,
): ManagementAudit {
  return {
    note: async (entry) => {
      if (sink !== undefined) await keepEvent(sink, toEvent(entry));
    },
    write: (entry, act) => recordAct(sink, toEvent(entry), act, store.database),
  };
}

function toEvent({ type, by, record: { id, kind, name, project }, details }: ManagementEntry): AuditEvent {
  return {
    type,
    actor: toActor(by),
    ...(project !== undefined && { project }),
    subject: id,
    details: { kind, name, ...details },
  };
}
