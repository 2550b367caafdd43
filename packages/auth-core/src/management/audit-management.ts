import type { AuditEvent, AuditedAct, AuditSink } from '../audit/audit-event.ts';
import { keepEvent, takeBack } from '../audit/record-act.ts';
import { toActor } from '../audit/to-actor.ts';
import { hasCode } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { Json } from '../schema/json-schema.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import type { Revocations } from '../verification/revocations.ts';
import type { SettledWrite } from './settle-write.ts';

/** The types of audit entries for changes to tokens. */
export type ManagementAct =
  | 'token.issued'
  | 'token.edited'
  | 'token.rotated'
  | 'token.revoked'
  | 'tokens.revoked'
  | 'token.deleted'
  | 'token.revealed'
  | 'token.exchanged';

/** A change to a token, or to all tokens of an owner or a project, and the principal that made it. */
export interface ManagementEntry {
  readonly type: ManagementAct;
  readonly by: Principal;
  readonly record?: TokenRecord;
  /** What was changed, where it is not one token. */
  readonly subject?: string;
  readonly project?: string | undefined;
  readonly details?: Readonly<Record<string, Json>>;
}

/** Records every change to a token in the audit log. A change that cannot be recorded is not made. */
export interface ManagementAudit {
  /** @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE` */
  note(entry: ManagementEntry): Promise<void>;
  /**
   * Writes the act together with its audit entry, or neither; false when the store refused the act. When the write
   * fails, `settle` finds out whether it was made all the same.
   *
   * @throws {AuthError} `AUTH_AUDIT_UNAVAILABLE`, `AUTH_STORE_UNAVAILABLE`: nothing has changed, or will soon be undone;
   * whether a token was removed, the log says once that is known
   */
  write(entry: ManagementEntry, act: AuditedAct, settle: () => Promise<SettledWrite>): Promise<boolean>;
  /**
   * Writes a revocation together with its entry, where the log and the tokens share a database. A log that fails keeps
   * no revocation back: then, and without a shared database, `recorded` is false.
   */
  end(act: EndingAct, entryOf: (ended: readonly TokenRecord[]) => ManagementEntry): Promise<RecordedEnding>;
}

/** A revocation: what it has ended, nothing when it has changed nothing. */
export type EndingAct = (transaction?: unknown) => Promise<readonly TokenRecord[]>;

/** What has ended, and whether the log says so. */
export interface RecordedEnding {
  readonly ended: readonly TokenRecord[];
  readonly recorded: boolean;
}

/** Creates a management audit that writes to the sink; without a sink, nothing is recorded. */
export function createManagementAudit(
  sink: AuditSink | undefined,
  store: Pick<TokenStore, 'database'>,
  { later }: Pick<Revocations, 'later'>,
): ManagementAudit {
  return {
    note: async (entry) => {
      if (sink !== undefined) await keepEvent(sink, toEvent(entry));
    },
    async write(entry, act, settle) {
      if (sink === undefined) return settled(act, settle);
      const event = toEvent(entry);
      const { together } = sink;
      const takeBackSoon = () => void later(() => takeBack(sink, event)).catch(() => undefined);
      if (together !== undefined && together.database === store.database) {
        // Both are in one transaction: the entry has become of what the act has. Until the log has taken the entry, that
        // transaction has not been committed.
        let reached = false;
        const entryOf = (): AuditEvent => {
          reached = true;
          return event;
        };
        const write = () => together.write(entryOf, act);
        return settled(write, async () => (reached ? settle() : { made: false }), takeBackSoon);
      }
      let made = false;
      let known: Promise<boolean> | undefined;
      const settleHere = async (): Promise<SettledWrite> => {
        const outcome = await settle();
        known = outcome.known;
        return outcome;
      };
      try {
        await keepEvent(sink, event);
        made = await settled(act, settleHere);
        return made;
      } finally {
        // Also when the entry could not be written: its answer may have been lost.
        if (known !== undefined) known.then((wasMade) => wasMade || takeBackSoon()).catch(() => undefined);
        else if (!made) await takeBack(sink, event).catch(takeBackSoon);
      }
    },
    async end(act, entryOf) {
      let ended: readonly TokenRecord[] = [];
      const together = sink?.together;
      if (together === undefined || together.database !== store.database) {
        return { ended: await act(), recorded: false };
      }
      try {
        await together.write(
          () => toEvent(entryOf(ended)),
          async (transaction) => {
            ended = await act(transaction);
            return ended.length > 0;
          },
        );
        return { ended, recorded: true };
      } catch (error) {
        if (!hasCode(error, 'AUTH_AUDIT_UNAVAILABLE')) throw error;
        ended = await act();
        // Nothing left to do: the transaction was committed, and only its answer was lost.
        return { ended, recorded: ended.length === 0 };
      }
    },
  };
}

/** Runs a write; one that has failed is settled before that is said. */
async function settled(
  write: () => Promise<boolean>,
  settle: () => Promise<SettledWrite>,
  correct: () => void = () => undefined,
): Promise<boolean> {
  try {
    return await write();
  } catch (error) {
    const { made, undone } = await settle();
    if (made) return true;
    undone?.then((wasMade) => wasMade && correct()).catch(() => undefined);
    throw error;
  }
}

function toEvent({ type, by, record, details, ...named }: ManagementEntry): AuditEvent {
  const { subject = record?.id, project = record?.project } = named;
  return {
    type,
    actor: toActor(by),
    ...(project !== undefined && { project }),
    ...(subject !== undefined && { subject }),
    details: { ...(record !== undefined && { kind: record.kind, name: record.name }), ...details },
  };
}
