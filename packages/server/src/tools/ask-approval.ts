import { AsyncLocalStorage } from 'node:async_hooks';
import type { Principal, ToolEffect } from '@latchkey/auth-core';
import type { ApprovalReason } from '@latchkey/client';
import type { Refusal } from '../approvals/approval.ts';
import type { ApprovalOutcome, PendingCalls } from '../approvals/pending-calls.ts';
import type { ApprovalWait } from '../contracts/toolset.ts';

/** A call that is permitted once a person approves it. */
export interface CallToApprove {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The names that the tool's definition gives its arguments. */
  readonly argumentNames: readonly string[];
  /** The class of the tool, by its definition. Absent: not known. */
  readonly effect?: ToolEffect;
  /** Why it needs the approval. */
  readonly reasons: readonly ApprovalReason[];
  /** Why these arguments cannot be sent; undefined when they can. */
  readonly refusalOf: (args: Readonly<Record<string, unknown>>) => Refusal | undefined;
  /** Called once the call is pending; if it rejects, the call does not wait. */
  readonly onWaiting: (id: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Asks a person to decide about a call of one caller. */
export type AskApproval = (call: CallToApprove) => Promise<ApprovalOutcome>;

interface MadeCall {
  readonly wait: ApprovalWait;
  asked?: Promise<ApprovalOutcome>;
}

/** The call in progress, for the gate that decides about it. */
const calls = new AsyncLocalStorage<MadeCall>();

/**
 * Makes a call that may wait for a person as `wait` says. In the result, `goesOn` means that the call is detached: its
 * caller has left and it is still pending. `rewritten` means that a person changed its arguments. `madeBy` is the
 * stored turn that makes the call in place of this one.
 */
export async function whileWaiting<T>(
  wait: ApprovalWait,
  make: () => Promise<T>,
): Promise<{ readonly outcome: T; readonly goesOn: boolean; readonly rewritten: boolean; readonly madeBy?: string }> {
  const call: MadeCall = { wait };
  const outcome = await calls.run(call, make);
  // An aborted call ends before its approval does.
  const approval = await call.asked?.catch(() => undefined);
  return {
    outcome,
    goesOn: approval?.approved === false && approval.goesOn === true,
    rewritten: approval?.approved === true && approval.arguments !== undefined,
    ...(approval?.approved === false && approval.madeBy !== undefined && { madeBy: approval.madeBy }),
  };
}

/** Asks for approval of the calls of one caller. */
export const askApprovalFor =
  (pending: Pick<PendingCalls, 'ask'>, principal: Principal): AskApproval =>
  (call) => {
    const made = calls.getStore();
    const { onWaiting, onApproved, ...how } = made?.wait ?? {};
    const asked = pending.ask({
      ...call,
      ...how,
      principal,
      onWaiting: async (id) => {
        await call.onWaiting(id);
        await onWaiting?.(id);
      },
    });
    if (made !== undefined) made.asked = asked;
    return asked.then(async (outcome) => {
      if (outcome.approved) await onApproved?.();
      return outcome;
    });
  };

/** A note for the model that the answer belongs to other arguments than those that it sent. */
export const changedNote = (sent: object): string => `A person has changed the arguments to ${JSON.stringify(sent)}.`;
