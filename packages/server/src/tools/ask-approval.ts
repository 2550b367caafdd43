import { AsyncLocalStorage } from 'node:async_hooks';
import type { Principal } from '@latchkey/auth-core';
import type { Refusal } from '../approvals/approval.ts';
import type { ApprovalOutcome, PendingCalls } from '../approvals/pending-calls.ts';

/** A call that is permitted once a person agrees to it. */
export interface CallToApprove {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Why these arguments can't be sent; undefined when they can. */
  readonly refusalOf: (args: Readonly<Record<string, unknown>>) => Refusal | undefined;
  /** Told once it waits; when it rejects, the call does not. */
  readonly onWaiting: (id: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Lets a person decide about a call of one caller. */
export type AskApproval = (call: CallToApprove) => Promise<ApprovalOutcome>;

/** Those who made a call, and hear that it waits. */
const listeners = new AsyncLocalStorage<(id: string) => void>();

/** Makes a call; `onWaiting` hears when it begins to wait for a person. */
export const whileTold = <T>(onWaiting: (id: string) => void, call: () => Promise<T>): Promise<T> =>
  listeners.run(onWaiting, call);

/** Asks for the calls of one caller. */
export const askApprovalFor =
  (pending: Pick<PendingCalls, 'ask'>, principal: Principal): AskApproval =>
  (call) =>
    pending.ask({
      ...call,
      principal,
      onWaiting: async (id) => {
        await call.onWaiting(id);
        listeners.getStore()?.(id);
      },
    });

/** Tells a model that it must not take what it reads for the answer to what it has asked; undefined when it is that. */
export function changedNote(asked: object, sent: object): string | undefined {
  const changed = JSON.stringify(sent);
  return changed === JSON.stringify(asked) ? undefined : `A person has changed the arguments to ${changed}.`;
}
