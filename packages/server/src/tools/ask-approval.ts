import { AsyncLocalStorage } from 'node:async_hooks';
import type { Principal } from '@latchkey/auth-core';
import type { Refusal } from '../approvals/approval.ts';
import type { ApprovalOutcome, PendingCalls } from '../approvals/pending-calls.ts';
import type { ApprovalWait } from '../contracts/toolset.ts';

/** A call that is permitted once a person agrees to it. */
export interface CallToApprove {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The names that the tool's definition gives its arguments. */
  readonly argumentNames: readonly string[];
  /** Why these arguments can't be sent; undefined when they can. */
  readonly refusalOf: (args: Readonly<Record<string, unknown>>) => Refusal | undefined;
  /** Told once it waits; when it rejects, the call does not. */
  readonly onWaiting: (id: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Lets a person decide about a call of one caller. */
export type AskApproval = (call: CallToApprove) => Promise<ApprovalOutcome>;

interface MadeCall {
  readonly wait: ApprovalWait;
  asked?: Promise<ApprovalOutcome>;
}

/** The calls that are being made, for the gate that decides about them. */
const calls = new AsyncLocalStorage<MadeCall>();

/**
 * Makes a call that may wait as `wait` says; `goesOn` when it waits still, and its caller does not, `rewritten` when a person has
 * changed its arguments, `madeBy` when that stored turn makes it in place of this one.
 */
export async function whileWaiting<T>(
  wait: ApprovalWait,
  make: () => Promise<T>,
): Promise<{ readonly outcome: T; readonly goesOn: boolean; readonly rewritten: boolean; readonly madeBy?: string }> {
  const call: MadeCall = { wait };
  const outcome = await calls.run(call, make);
  // A call that was broken off is over before its approval is.
  const approval = await call.asked?.catch(() => undefined);
  return {
    outcome,
    goesOn: approval?.approved === false && approval.goesOn === true,
    rewritten: approval?.approved === true && approval.arguments !== undefined,
    ...(approval?.approved === false && approval.madeBy !== undefined && { madeBy: approval.madeBy }),
  };
}

/** Asks for the calls of one caller. */
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

/** Tells a model that it must not take what it reads for the answer to what it has asked. */
export const changedNote = (sent: object): string => `A person has changed the arguments to ${JSON.stringify(sent)}.`;
