import { randomUUID } from 'node:crypto';
import type { Clock } from '@latchkey/auth-core';
import type { Kysely } from 'kysely';
import type { Approval } from './approval.ts';
import { type ApprovalDesk, createApprovalDesk } from './approval-desk.ts';
import { createBell } from './bell.ts';
import { createKyselyApprovalStore } from './kysely-approval-store.ts';
import { createPendingCalls, type PendingCalls } from './pending-calls.ts';
import type { ApprovalTables } from './schema.ts';
import { sweepExpired } from './sweep.ts';

/** Both sides of approval: the calls that wait on this server, and the people who decide about those of all. */
export interface Approvals extends AsyncDisposable {
  readonly pending: PendingCalls;
  readonly desk: ApprovalDesk;
  /** Ends what waits no more; it happens by itself every few seconds. */
  sweep(): Promise<void>;
  /** Denies what waits here, and sends away who watches. */
  close(): void;
}

/** Told of a call about which nobody has decided in time. */
type NoteExpired = (approval: Approval) => void;

/** Opens them on a database whose tables are there. */
export function openApprovals(
  database: Kysely<ApprovalTables>,
  clock: Clock,
  seconds: number,
  note: NoteExpired = () => {},
): Approvals {
  const shared = { store: createKyselyApprovalStore(database), bell: createBell(), clock, createId: randomUUID };
  const pending = createPendingCalls({ ...shared, seconds, onExpired: note });
  const sweeping = sweepExpired(shared.store, clock, note);
  const desk = createApprovalDesk(shared);
  const close = (): void => {
    sweeping[Symbol.dispose]();
    pending.close();
    desk.close();
  };
  return {
    pending,
    desk,
    sweep: sweeping.sweep,
    close,
    async [Symbol.asyncDispose]() {
      close();
      await pending[Symbol.asyncDispose]();
    },
  };
}
