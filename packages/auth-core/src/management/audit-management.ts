import type { AuditSink } from '../audit/audit-event.ts';
import { toActor } from '../audit/to-actor.ts';
import type { Principal } from '../principal.ts';
import type { Json } from '../schema/json-schema.ts';
import { guard } from '../store/guard-store.ts';
import type { TokenRecord } from '../store/token-store.ts';

/** What may be done to a token, as the audit calls it. */
export type ManagementAct =
  | 'token.issued'
  | 'token.edited'
  | 'token.rotated'
  | 'token.revoked'
  | 'token.deleted'
  | 'token.revealed'
  | 'token.exchanged';

/**
 * Takes note of what was done to a token, and by whom.
 *
 * @throws {AuthError} `AUTH_STORE_UNAVAILABLE` when it cannot be said to be kept
 */
export type ManagementAudit = (
  act: ManagementAct,
  by: Principal,
  record: TokenRecord,
  details?: Readonly<Record<string, Json>>,
) => Promise<void>;

/** Creates it over a sink; without one, nothing is kept. */
export function createManagementAudit(sink: AuditSink | undefined): ManagementAudit {
  return async (act, by, { id, kind, name, project }, details) => {
    if (sink === undefined) return;
    const event = {
      type: act,
      actor: toActor(by),
      ...(project !== undefined && { project }),
      subject: id,
      details: { kind, name, ...details },
    };
    await guard(() => sink(event));
  };
}
