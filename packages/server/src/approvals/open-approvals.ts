import { randomUUID } from 'node:crypto';
import type { Clock } from '@latchkey/auth-core';
import type { Kysely } from 'kysely';
import { type ApprovalDesk, createApprovalDesk } from './approval-desk.ts';
import { createBell } from './bell.ts';
import { createKyselyApprovalStore } from './kysely-approval-store.ts';
import { createPendingCalls, type PendingCalls } from './pending-calls.ts';
import type { ApprovalTables } from './schema.ts';

/** Both sides of approval: the calls that wait on this server, and the people who decide about those of all. */
export interface Approvals extends AsyncDisposable {
  readonly pending: PendingCalls;
  readonly desk: ApprovalDesk;
  /** Denies what waits here, and sends away who watches. */
  close(): void;
}

/** Opens them on a database whose tables are there. */
export function openApprovals(database: Kysely<ApprovalTables>, clock: Clock, seconds: number): Approvals {
  const shared = { store: createKyselyApprovalStore(database), bell: createBell(), clock, createId: randomUUID };
  const pending = createPendingCalls({ ...shared, seconds });
  const desk = createApprovalDesk(shared);
  const close = (): void => {
    pending.close();
    desk.close();
  };
  return {
    pending,
    desk,
    close,
    async [Symbol.asyncDispose]() {
      close();
      await pending[Symbol.asyncDispose]();
    },
  };
}
