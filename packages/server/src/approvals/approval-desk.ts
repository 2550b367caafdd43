import { timingSafeEqual } from 'node:crypto';
import { type AuditEvent, type AuditedAct, type AuditSink, type Clock, recordAct } from '@latchkey/auth-core';
import type { Approval, ApprovalAnswer, ApprovalEvent, ApprovalState, ShownApproval } from '@latchkey/client';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { StoredApproval } from './approval.ts';
import type { Bell } from './bell.ts';
import { inTurns } from './in-turns.ts';
import type { ApprovalStore, NewAnswer } from './kysely-approval-store.ts';

/** How often the database is polled. */
const LOOK_MILLISECONDS = 500;
/** How long the server on which a call waits may take to accept an answer. */
const TAKE_MILLISECONDS = 5_000;

/** Whether a caller may decide about a call; without arguments, about some calls of its tool. */
export type MayDecide = (
  call: Pick<StoredApproval, 'server' | 'tool' | 'project' | 'token'> &
    Partial<Pick<StoredApproval, 'arguments' | 'argumentNames' | 'effect'>>,
) => boolean;

/** The caller that decides: the calls that it may decide about, and the audit entry of a decision. */
export interface Decider {
  /** The id of its token. */
  readonly id: string;
  readonly mayDecide: MayDecide;
  readonly audit: AuditSink;
  readonly describe: (approval: Approval) => AuditEvent;
}

/** Lists pending calls and takes decisions about them, for all servers that share the database. */
export interface ApprovalDesk {
  /**
   * The pending calls that the caller may decide about: the oldest of each token first, then the second oldest of each.
   */
  list(mayDecide: MayDecide): Promise<readonly ShownApproval[]>;
  /**
   * Approves or denies a call. If its caller is away, the answer is stored until it returns, and a denial may still
   * replace an approval. The same answer given twice by one token has no further effect. Throws ServerError
   * `NOT_FOUND`; `CONFLICT` for a call that was decided otherwise or can no longer be made; and, while the call stays
   * pending, `PERMISSION_DENIED` and `INVALID_REQUEST` for changed arguments.
   */
  decide(id: string, answer: ApprovalAnswer, decider: Decider): Promise<ShownApproval>;
  /**
   * The state of a call, which is remembered for ten minutes at least. Throws ServerError `NOT_FOUND`, also for calls
   * of tools about which the caller may not decide.
   */
  stateOf(id: string, mayDecide: MayDecide): Promise<ApprovalState>;
  /** The pending calls, and then each new and each ended one, until the signal fires or the desk is closed. */
  watch(mayDecide: MayDecide, signal: AbortSignal): AsyncGenerator<ApprovalEvent>;
  /** Ends all watches. */
  close(): void;
}

export interface ApprovalDeskOptions {
  readonly store: ApprovalStore;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly createId: () => string;
  /** Whether a token of these ids has ended: none of its callers can return then. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
  /** A keyed digest, by which a repeated decision is recognised. */
  readonly digest: (answer: ApprovalAnswer) => Promise<string>;
}

export function createApprovalDesk(options: ApprovalDeskOptions): ApprovalDesk {
  const { store, bell, clock, createId, hasEnded, digest } = options;
  const closing = new AbortController();
  const now = (): string => clock().toISOString();

  async function waiting(mayDecide: MayDecide): Promise<readonly ShownApproval[]> {
    const all = (await reachStore(() => store.waiting(now()))).filter(mayDecide);
    const known = new Map<string, Promise<boolean>>();
    const isWanted = async (stored: StoredApproval): Promise<boolean> => {
      if (!isAway(stored)) return true;
      const key = stored.chain.join(' ');
      const ended = known.get(key) ?? hasEnded(stored.chain);
      known.set(key, ended);
      return !(await ended);
    };
    const wanted = await reachStore(() => Promise.all(all.map(isWanted)));
    return inTurns(all.filter((_, index) => wanted[index]).map(show));
  }

  const isAway = ({ aliveUntil }: StoredApproval): boolean => aliveUntil <= now();
  const show = (stored: StoredApproval): ShownApproval => ({
    ...toApproval(stored),
    caller: isAway(stored) ? 'away' : 'waiting',
  });

  async function waitUntilTaken(id: string, answer: NewAnswer, keep: Keep): Promise<void> {
    const { answerId } = answer;
    using ear = bell.listen(id);
    const write = (transaction?: unknown) => reachStore(() => store.answer(id, answer, now(), transaction));
    if (!(await keep(write))) throw conflict(id);
    bell.ring(id);
    const until = performance.now() + TAKE_MILLISECONDS;
    for (;;) {
      const found = await reachStore(() => store.find(id));
      if (found?.answerId !== answerId) throw conflict(id);
      if (found.status === (answer.decision === 'approve' ? 'approved' : 'denied')) return;
      if (found.refusal !== undefined) {
        const { code, message } = found.refusal;
        throw new ServerError(code, message, { param: 'arguments' });
      }
      if (found.status !== 'answered') throw conflict(id);
      const isLate = performance.now() > until;
      // No request is waiting at the moment: one that returns for the call takes the answer.
      if (found.responseId !== undefined && (isLate || found.aliveUntil <= now())) return;
      if (isLate && (await reachStore(() => store.withdraw(id, answerId)))) throw conflict(id);
      await ear.heard(LOOK_MILLISECONDS);
    }
  }

  return {
    list: waiting,
    async decide(id, answer, { id: by, mayDecide, audit, describe }) {
      const found = await reachStore(() => store.find(id));
      if (found === undefined || !mayDecide(found)) throw notFound(id);
      const decided = { by, digest: await digest(answer) };
      // Repeats the result for an answer that was given before, e.g. if the first response was lost.
      if (isSame(found, decided)) return { ...toApproval(found), caller: callerOf(found) };
      const isLate = !isOpen(found) || found.expiresAt <= now();
      if (isLate || (isAway(found) && (await reachStore(() => hasEnded(found.chain))))) throw tooLate(found);
      const { arguments: changed } = answer;
      if (changed !== undefined && !mayDecide({ ...found, arguments: changed })) throw notCovered();
      const entry = describe(toApproval(found));
      let isKept = false;
      const keep: Keep = async (write) => {
        isKept = await recordAct(audit, entry, write, store.database);
        return isKept;
      };
      await waitUntilTaken(id, { ...answer, answerId: createId(), decided }, keep).catch(async (error: unknown) => {
        // The decision is in the audit log, so the log also records that it was not taken.
        const code = error instanceof ServerError ? error.code : 'INTERNAL';
        if (isKept)
          await audit({ ...entry, type: 'approval.refused', details: { ...entry.details, code } }).catch(() => {});
        throw error;
      });
      const after = await reachStore(() => store.find(id));
      return { ...toApproval(found), caller: after === undefined ? 'waiting' : callerOf(after) };
    },
    async stateOf(id, mayDecide) {
      const found = await reachStore(() => store.find(id));
      // The arguments are deleted once the call has ended.
      if (found === undefined || !mayDecide(isOpen(found) ? found : withoutArguments(found))) throw notFound(id);
      const isListed = isOpen(found) && (await waiting(mayDecide)).some((one) => one.id === id);
      return isListed ? 'waiting' : outcomeOf(found, now());
    },
    async *watch(mayDecide, signal) {
      using ear = bell.listen();
      const over = AbortSignal.any([signal, closing.signal]);
      const shown = new Set<string>();
      let isListed = false;
      while (!over.aborted) {
        const approvals = await waiting(mayDecide);
        const ids = new Set(approvals.map(({ id }) => id));
        for (const id of [...shown].filter((one) => !ids.has(one))) {
          shown.delete(id);
          yield { type: 'approval.ended', id, outcome: outcomeOf(await reachStore(() => store.find(id)), now()) };
        }
        for (const approval of approvals.filter(({ id }) => !shown.has(id))) {
          shown.add(approval.id);
          yield { type: 'approval.requested', approval };
        }
        if (!isListed) yield { type: 'approval.listed' };
        isListed = true;
        await ear.heard(LOOK_MILLISECONDS, over);
      }
    },
    close: () => closing.abort(),
  };
}

/** Writes an answer together with its audit entry. */
type Keep = (write: AuditedAct) => Promise<boolean>;

/** Whether this token gave the same answer before, and it was not refused. */
const isSame = ({ status, decided }: StoredApproval, { by, digest }: NewAnswer['decided']): boolean =>
  status !== 'waiting' && decided?.by === by && isEqual(decided.digest, digest);

/** If the answer was taken, the caller was present. */
const callerOf = ({ status }: StoredApproval): ShownApproval['caller'] => (status === 'answered' ? 'away' : 'waiting');

const isOpen = ({ status }: StoredApproval): boolean => status === 'waiting' || status === 'answered';

/** The outcome of a call; one that is not clearly approved counts as denied. */
function outcomeOf(stored: StoredApproval | undefined, now: string): Exclude<ApprovalState, 'waiting'> {
  if (stored?.status === 'expired' || (stored?.status === 'waiting' && stored.expiresAt <= now)) return 'expired';
  const isApproved =
    stored?.status === 'approved' || (stored?.status === 'answered' && stored.answer?.decision === 'approve');
  return isApproved ? 'approved' : 'denied';
}

function toApproval(stored: StoredApproval): Approval {
  const { id, rootId, token, project, server, tool, arguments: args, reasons, requestedAt, expiresAt } = stored;
  return { id, rootId, token, project, server, tool, arguments: args, reasons, requestedAt, expiresAt };
}

const withoutArguments = ({ arguments: _, argumentNames: __, ...call }: StoredApproval): Parameters<MayDecide>[0] =>
  call;

/** The same error for a call that never existed and one that the caller may not see. */
function notFound(id: string): ServerError {
  return new ServerError('NOT_FOUND', `No tool call '${id.slice(0, 64)}' waits for your approval.`);
}

/** The error for callers that could have decided earlier. */
function tooLate({ id, status, expiresAt }: StoredApproval): ServerError {
  const became =
    status === 'approved' ? 'was approved' : status === 'denied' ? 'was denied' : `could be decided until ${expiresAt}`;
  return new ServerError('CONFLICT', `Tool call '${id}' ${became}: nothing can be decided about it any more.`);
}

function conflict(id: string): ServerError {
  return new ServerError(
    'CONFLICT',
    `Tool call '${id}' was decided by another person, or its caller no longer waits for it.`,
  );
}

function notCovered(): ServerError {
  return new ServerError(
    'PERMISSION_DENIED',
    'Your own token may not decide about a call with these arguments. The call still waits.',
    { param: 'arguments' },
  );
}

const isEqual = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
