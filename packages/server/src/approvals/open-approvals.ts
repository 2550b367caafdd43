import { randomUUID } from 'node:crypto';
import type { Clock } from '@latchkey/auth-core';
import type { Approval, ApprovalAnswer } from '@latchkey/client';
import { type ApprovalDesk, createApprovalDesk } from './approval-desk.ts';
import { createBell } from './bell.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';
import { createPendingCalls, type PendingCalls } from './pending-calls.ts';
import { type Expiry, sweepExpired } from './sweep.ts';

/** Both sides of approval: the calls that are pending on this server, and the decisions about those of all servers. */
export interface Approvals extends AsyncDisposable {
  readonly pending: PendingCalls;
  readonly desk: ApprovalDesk;
  /** Ends the waits that have expired; also runs by itself every few seconds. */
  sweep(): Promise<void>;
  /** Denies the calls that are pending here, and ends all watches. */
  close(): void;
}

export interface ApprovalsOptions {
  readonly clock: Clock;
  /** How long a call waits. */
  readonly seconds: number;
  /** Called for a call that was not decided in time, or before its token ended. */
  readonly onExpired: (approval: Approval, why: Expiry) => void;
  /** Whether a token of these ids has ended. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
  /** A keyed digest. */
  readonly digest: (answer: ApprovalAnswer) => Promise<string>;
}

/** Opens approvals on a store. */
export function openApprovals(store: ApprovalStore, options: ApprovalsOptions): Approvals {
  const { clock, seconds, onExpired, hasEnded, digest } = options;
  const shared = { store, bell: createBell(), clock, createId: randomUUID };
  const pending = createPendingCalls({ ...shared, seconds, onExpired: (approval) => onExpired(approval, 'time') });
  const sweeping = sweepExpired(shared.store, clock, hasEnded, onExpired);
  const desk = createApprovalDesk({ ...shared, hasEnded, digest });
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
