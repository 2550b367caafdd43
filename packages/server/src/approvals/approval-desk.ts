import { type AuditEvent, type AuditedAct, type AuditSink, type Clock, recordAct } from '@latchkey/auth-core';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { Approval, ApprovalAnswer, StoredApproval } from './approval.ts';
import type { Bell } from './bell.ts';
import { inTurns } from './in-turns.ts';
import type { ApprovalStore } from './kysely-approval-store.ts';

/** How often the database is looked at. */
const LOOK_MILLISECONDS = 500;
/** How long the server on which a call waits may take to take an answer. */
const TAKE_MILLISECONDS = 5_000;

/** Whether somebody may decide about a call. */
export type MayDecide = (
  call: Pick<StoredApproval, 'server' | 'tool' | 'arguments' | 'argumentNames' | 'project'>,
) => boolean;

/** Who decides: about which calls, and what the log keeps of it. */
export interface Decider {
  readonly mayDecide: MayDecide;
  readonly audit: AuditSink;
  readonly describe: (approval: Approval) => AuditEvent;
}

/** What somebody who watches is told. */
export type ApprovalEvent =
  | { readonly type: 'approval.requested'; readonly approval: Approval }
  | { readonly type: 'approval.ended'; readonly id: string; readonly outcome: 'approved' | 'denied' | 'expired' };

/** Where people see what waits, and decide; about the calls of all servers that share the database. */
export interface ApprovalDesk {
  /** What waits and may be decided by the caller: the oldest call of each token first, then the second oldest of each. */
  list(mayDecide: MayDecide): Promise<readonly Approval[]>;
  /**
   * Approves or denies; when the caller has left and may come back, what was said is kept for them. Throws ServerError
   * `NOT_FOUND`, `CONFLICT` when somebody was faster or nobody waits any more, and, while the call goes on waiting,
   * `PERMISSION_DENIED` and `INVALID_REQUEST` for changed arguments.
   */
  decide(id: string, answer: ApprovalAnswer, decider: Decider): Promise<Approval>;
  /** What waits, and from then on what comes and what ends, until the signal fires or the desk is closed. */
  watch(mayDecide: MayDecide, signal: AbortSignal): AsyncGenerator<ApprovalEvent>;
  /** Ends all that watch. */
  close(): void;
}

export interface ApprovalDeskOptions {
  readonly store: ApprovalStore;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly createId: () => string;
}

export function createApprovalDesk({ store, bell, clock, createId }: ApprovalDeskOptions): ApprovalDesk {
  const closing = new AbortController();
  const now = (): string => clock().toISOString();

  async function waiting(mayDecide: MayDecide): Promise<readonly Approval[]> {
    const all = await reachStore(() => store.waiting(now()));
    return inTurns(all.filter(mayDecide).map(toApproval));
  }

  async function waitUntilTaken(id: string, answerId: string, answer: ApprovalAnswer, keep: Keep): Promise<void> {
    using ear = bell.listen(id);
    const write = (transaction?: unknown) => reachStore(() => store.answer(id, answerId, answer, now(), transaction));
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
      // Nobody waits just now: whoever comes back for the call takes the answer.
      if (found.responseId !== undefined && (isLate || found.aliveUntil <= now())) return;
      if (isLate && (await reachStore(() => store.withdraw(id, answerId)))) throw conflict(id);
      await ear.heard(LOOK_MILLISECONDS);
    }
  }

  return {
    list: waiting,
    async decide(id, answer, { mayDecide, audit, describe }) {
      const found = await reachStore(() => store.find(id));
      if (found === undefined || !isOpen(found) || found.expiresAt <= now() || !mayDecide(found)) throw notFound(id);
      const { arguments: changed } = answer;
      if (changed !== undefined && !mayDecide({ ...found, arguments: changed })) throw notCovered();
      const approval = toApproval(found);
      const entry = describe(approval);
      let isKept = false;
      const keep: Keep = async (write) => {
        isKept = await recordAct(audit, entry, write, store.database);
        return isKept;
      };
      await waitUntilTaken(id, createId(), answer, keep).catch(async (error: unknown) => {
        // It was said, and is in the log; the call waits on, or has ended without it.
        const code = error instanceof ServerError ? error.code : 'INTERNAL';
        if (isKept)
          await audit({ ...entry, type: 'approval.refused', details: { ...entry.details, code } }).catch(() => {});
        throw error;
      });
      return approval;
    },
    async *watch(mayDecide, signal) {
      using ear = bell.listen();
      const over = AbortSignal.any([signal, closing.signal]);
      const shown = new Set<string>();
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
        await ear.heard(LOOK_MILLISECONDS, over);
      }
    },
    close: () => closing.abort(),
  };
}

/** Writes an answer with its entry in the log. */
type Keep = (write: AuditedAct) => Promise<boolean>;

const isOpen = ({ status }: StoredApproval): boolean => status === 'waiting' || status === 'answered';

/** What is not plainly approved is denied. */
function outcomeOf(stored: StoredApproval | undefined, now: string): 'approved' | 'denied' | 'expired' {
  if (stored?.status === 'expired' || (stored?.status === 'waiting' && stored.expiresAt <= now)) return 'expired';
  const isApproved =
    stored?.status === 'approved' || (stored?.status === 'answered' && stored.answer?.decision === 'approve');
  return isApproved ? 'approved' : 'denied';
}

function toApproval(stored: StoredApproval): Approval {
  const { id, rootId, token, project, server, tool, arguments: args, requestedAt, expiresAt } = stored;
  return { id, rootId, token, project, server, tool, arguments: args, requestedAt, expiresAt };
}

/** The same for one that never was, one that has ended, and one that is none of the caller's business. */
function notFound(id: string): ServerError {
  return new ServerError('NOT_FOUND', `No tool call '${id.slice(0, 64)}' waits for your approval.`);
}

function conflict(id: string): ServerError {
  return new ServerError(
    'CONFLICT',
    `Tool call '${id}' was decided by somebody else, or nobody waits for it any more.`,
  );
}

function notCovered(): ServerError {
  return new ServerError(
    'PERMISSION_DENIED',
    'Your own token may not decide about a call with these arguments. The call still waits.',
    { param: 'arguments' },
  );
}
