import { isDeepStrictEqual } from 'node:util';
import type { Clock, Principal, ToolEffect } from '@latchkey/auth-core';
import type { Approval, ApprovalReason } from '@latchkey/client';
import { ServerError } from '../contracts/server-error.ts';
import type { ApprovalProgress, Refusal, StoredApproval } from './approval.ts';
import { batched } from './batched.ts';
import type { Bell } from './bell.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';

/** How often pending calls are polled, for answers that were given to another server. */
const LOOK_MILLISECONDS = 500;
/** How long a call counts as pending after the last sign of life of its server. */
const ALIVE_MILLISECONDS = 10_000;
const KEEP_ALIVE_MILLISECONDS = 3_000;
/** How long the end of a wait is remembered, for repeated decisions. */
const REMEMBER_MILLISECONDS = 600_000;
/** The most bytes of JSON of a call's arguments: they are stored, and read by watching clients. */
const MOST_ARGUMENT_BYTES = 65_536;
/** The most pending calls of one root token: a person who is asked more often approves without reading. */
const MOST_WAITING = 20;

/** A call that needs the approval of a person. */
export interface WaitingCall {
  readonly principal: Pick<Principal, 'rootId' | 'id' | 'name' | 'owner' | 'project' | 'chain' | 'expiresAt'>;
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The names that the tool's definition gives its arguments. */
  readonly argumentNames: readonly string[];
  /** The class of the tool, by its definition. Absent: not known. */
  readonly effect?: ToolEffect;
  /** Why it needs the approval. */
  readonly reasons: readonly ApprovalReason[];
  /** Why these arguments cannot be sent, checked on approval; undefined when they can. */
  readonly refusalOf: (args: Readonly<Record<string, unknown>>) => Refusal | undefined;
  /**
   * The approval that it waited for before its caller left. The same call resumes it; any other call waits as a new
   * one.
   */
  readonly approvalId?: string;
  /** The response with which it can be resumed; absent: it ends with its caller. */
  readonly responseId?: string;
  /** The stored turn that makes the call after its approval; absent: the turn is not stored. */
  readonly turnId?: string;
  /** Called once the call is pending; if it rejects, the call does not wait. */
  readonly onWaiting: (id: string) => Promise<void>;
  /** Fires when no request waits for the call any more. */
  readonly signal: AbortSignal;
}

/**
 * The decision about a call, or that there is none; `arguments` if they were changed. With `goesOn` the call is
 * detached: its caller has left, and it stays pending. With `madeBy` it was approved, and that stored turn makes it.
 */
export type ApprovalOutcome =
  | { readonly approved: true; readonly id: string; readonly arguments?: Record<string, unknown> }
  | {
      readonly approved: false;
      readonly id: string;
      readonly reason: string;
      readonly goesOn?: true;
      readonly madeBy?: string;
    };

/** The calls that are pending on this server. */
export interface PendingCalls extends AsyncDisposable {
  /** Waits for a person's decision; without one the call is denied. Rejects when the pending call cannot be stored. */
  ask(call: WaitingCall): Promise<ApprovalOutcome>;
  /** Ends all waits here, and denies the calls that no caller can return for. */
  close(): void;
}

export interface PendingCallsOptions {
  readonly store: ApprovalStore;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly createId: () => string;
  /** Called for a call that was not decided in time; must not throw. */
  readonly onExpired: (approval: Approval) => void;
  /** How long a call waits. */
  readonly seconds: number;
}

export function createPendingCalls({
  store,
  bell,
  clock,
  createId,
  seconds,
  onExpired,
}: PendingCallsOptions): PendingCalls {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  const look = batched(async (ids) => new Map((await store.progressOf(ids)).map((found) => [found.id, found])));
  const sayAlive = batched(async (ids) => {
    await store.keepAlive(ids, after(ALIVE_MILLISECONDS));
    return new Map<string, never>();
  });
  const after = (milliseconds: number): string => new Date(clock().getTime() + milliseconds).toISOString();

  async function ask(call: WaitingCall): Promise<ApprovalOutcome> {
    const over = AbortSignal.any([call.signal, closing.signal]);
    const before = call.approvalId === undefined ? undefined : await store.find(call.approvalId);
    if (before !== undefined && isOf(before, call)) {
      const { id } = before;
      if (over.aborted) return leave(call, before);
      const decided = decidedBefore(before);
      if (decided !== undefined) return decided;
      await store.keepAlive([id], after(ALIVE_MILLISECONDS));
      return await waitFor(call, before, over);
    }
    const approval = describe(call, createId(), after(0), after(seconds * 1000));
    const { id } = approval;
    if (Buffer.byteLength(JSON.stringify(call.arguments)) > MOST_ARGUMENT_BYTES) {
      return { approved: false, id, reason: TOO_LARGE };
    }
    if (over.aborted) return { approved: false, id, reason: reasonOf(call) };
    const added = await store.add(approval, {
      aliveUntil: after(ALIVE_MILLISECONDS),
      now: after(0),
      endedBefore: after(-REMEMBER_MILLISECONDS),
      most: MOST_WAITING,
      argumentNames: call.argumentNames,
      ...(call.effect === undefined ? {} : { effect: call.effect }),
      chain: [call.principal.rootId, ...call.principal.chain],
      ...(call.responseId === undefined ? {} : { responseId: call.responseId }),
    });
    return added ? await waitFor(call, approval, over) : { approved: false, id, reason: TOO_MANY };
  }

  async function waitFor(call: WaitingCall, approval: Approval, over: AbortSignal): Promise<ApprovalOutcome> {
    const { id } = approval;
    let goesOn = false;
    let ending: 'denied' | 'expired' = 'denied';
    try {
      const { outcome, answerId } = await wait(call, approval, over);
      goesOn = !outcome.approved && outcome.goesOn === true;
      if (!outcome.approved && outcome.reason === TOO_LATE) ending = 'expired';
      const taken = { answerId, takenBy: call.turnId };
      if (outcome.approved && !(await store.settle(id, 'approved', after(0), taken))) {
        const found = await store.find(id);
        // A denial has replaced the approval a moment ago.
        if (found?.answerId !== answerId) return { approved: false, id, reason: DENIED };
        // Only one of two requests gets an approval: the connection that a caller left may not have been closed yet.
        return (found && decidedBefore(found)) ?? { approved: false, id, reason: DECIDED.approved };
      }
      return outcome;
    } finally {
      // Whatever happened here, no record may remain that looks like a pending call.
      if (goesOn) await store.keepAlive([id], after(0));
      else if ((await store.settle(id, ending, after(0))) && ending === 'expired') onExpired(approval);
      bell.ring(id);
    }
  }

  async function wait(
    call: WaitingCall,
    { id, expiresAt }: Approval,
    over: AbortSignal,
  ): Promise<{ readonly outcome: ApprovalOutcome; readonly answerId?: string }> {
    using ear = bell.listen(id);
    const ends = Date.parse(expiresAt);
    let saidAliveAt = clock().getTime();
    let isTold = false;
    for (;;) {
      const found = await look(id);
      const now = clock().getTime();
      // A caller can only return for a call that was reported to it.
      if (over.aborted) {
        return { outcome: leave(call, found !== undefined && (isTold || call.approvalId === id) ? found : { id }) };
      }
      if (found?.status === 'answered') {
        const outcome = take(call, found);
        if ('approved' in outcome) return { outcome, ...(found.answerId && { answerId: found.answerId }) };
        await store.refuse(id, outcome);
        bell.ring(id);
      } else if (found?.status !== 'waiting' || now >= ends) {
        return { outcome: (found && decidedBefore(found)) ?? { approved: false, id, reason: TOO_LATE } };
      } else if (!isTold) {
        isTold = true;
        await call.onWaiting(id);
        bell.ring(id);
        continue;
      }
      if (now - saidAliveAt >= KEEP_ALIVE_MILLISECONDS) {
        await sayAlive(id);
        saidAliveAt = now;
      }
      await ear.heard(Math.min(LOOK_MILLISECONDS, Math.max(0, ends - now)), over);
    }
  }

  function leave(call: WaitingCall, { id, responseId }: Pick<StoredApproval, 'id' | 'responseId'>): ApprovalOutcome {
    const goesOn = responseId !== undefined && mayComeBack(call.signal);
    return { approved: false, id, reason: reasonOf(call), ...(goesOn && { goesOn }) };
  }

  function reasonOf({ signal }: WaitingCall): string {
    return signal.aborted ? 'the caller has left' : 'the server is shutting down';
  }

  return {
    ask: async (call) => {
      const asked = ask(call);
      running.add(asked);
      try {
        return await asked;
      } finally {
        running.delete(asked);
      }
    },
    close: () => closing.abort(),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.allSettled(running);
    },
  };
}

const TOO_MANY = `${MOST_WAITING} calls of this token wait for the approval of a person already`;
const TOO_LARGE = `it needs the approval of a person, and its arguments are larger than the ${MOST_ARGUMENT_BYTES} bytes that may wait for one`;
const TOO_LATE = 'it needs the approval of a person, and no answer came in time';
const DENIED = 'a person has denied this call';
/** The reasons for callers that return too late. */
const DECIDED = {
  approved:
    'a person has approved this call, and a request before this one has begun it. It is not made twice, and what came of it is not ' +
    'known here: look at what there is',
  denied: 'this call has waited for a person already, and was denied',
  expired: 'this call has waited for a person already, and no answer came in time',
};

/** The outcome of a call that was decided before, or for another request; undefined while it is undecided. */
function decidedBefore({ id, status, takenBy }: ApprovalProgress): ApprovalOutcome | undefined {
  if (status === 'waiting' || status === 'answered') return undefined;
  return { approved: false, id, reason: DECIDED[status], ...(takenBy !== undefined && { madeBy: takenBy }) };
}

/** Whether the caller can return; it cannot if its token has ended. */
const mayComeBack = ({ aborted, reason }: AbortSignal): boolean =>
  !aborted || !(reason instanceof ServerError) || reason.code === 'SHUTTING_DOWN';

/** Whether an approval is for this exact call. A decided one has no arguments any more. */
function isOf(approval: StoredApproval, { principal, server, tool, arguments: args }: WaitingCall): boolean {
  const isOpen = approval.status === 'waiting' || approval.status === 'answered';
  return (
    approval.rootId === principal.rootId &&
    approval.project === (principal.project ?? null) &&
    approval.server === server &&
    approval.tool === tool &&
    (!isOpen || isDeepStrictEqual(approval.arguments, args))
  );
}

/** The outcome of an answer, or why it cannot be accepted. */
function take(call: WaitingCall, { id, answer }: ApprovalProgress): ApprovalOutcome | Refusal {
  if (answer?.decision !== 'approve') return { approved: false, id, reason: DENIED };
  const { arguments: changed } = answer;
  const refusal = call.refusalOf(changed ?? call.arguments);
  return refusal ?? { approved: true, id, ...(changed === undefined ? {} : { arguments: changed }) };
}

function describe(call: WaitingCall, id: string, requestedAt: string, expiresAt: string): Approval {
  const { principal, server, tool, arguments: args, reasons } = call;
  return {
    id,
    rootId: principal.rootId,
    token: { id: principal.id, name: principal.name, owner: principal.owner },
    project: principal.project ?? null,
    server,
    tool,
    arguments: args,
    reasons,
    requestedAt,
    // A call does not outlive its token.
    expiresAt: [expiresAt, principal.expiresAt ?? expiresAt].toSorted()[0] ?? expiresAt,
  };
}
