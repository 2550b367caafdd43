import { timingSafeEqual } from 'node:crypto';
import { type AuditEvent, type AuditedAct, type AuditSink, type Clock, recordAct } from '@latchkey/auth-core';
import { reachStore } from '../contracts/reach-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { Approval, ApprovalAnswer, ShownApproval, StoredApproval } from './approval.ts';
import type { Bell } from './bell.ts';
import { inTurns } from './in-turns.ts';
import type { ApprovalStore, NewAnswer } from './kysely-approval-store.ts';

/** How often the database is looked at. */
const LOOK_MILLISECONDS = 500;
/** How long the server on which a call waits may take to take an answer. */
const TAKE_MILLISECONDS = 5_000;

/** Whether somebody may decide about a call; without arguments, about some calls of its tool. */
export type MayDecide = (
  call: Pick<StoredApproval, 'server' | 'tool' | 'project'> &
    Partial<Pick<StoredApproval, 'arguments' | 'argumentNames'>>,
) => boolean;

/** What became of a call. */
export type ApprovalState = 'waiting' | 'approved' | 'denied' | 'expired';

/** Who decides: about which calls, and what the log keeps of it. */
export interface Decider {
  /** The id of its token. */
  readonly id: string;
  readonly mayDecide: MayDecide;
  readonly audit: AuditSink;
  readonly describe: (approval: Approval) => AuditEvent;
}

/** What somebody who watches is told; `approval.listed` once, after all that waited at the beginning. */
export type ApprovalEvent =
  | { readonly type: 'approval.requested'; readonly approval: ShownApproval }
  | { readonly type: 'approval.listed' }
  | {
      readonly type: 'approval.ended';
      readonly id: string;
      readonly outcome: Exclude<ApprovalState, 'waiting'>;
    };

/** Where people see what waits, and decide; about the calls of all servers that share the database. */
export interface ApprovalDesk {
  /** What waits and may be decided by the caller: the oldest call of each token first, then the second oldest of each. */
  list(mayDecide: MayDecide): Promise<readonly ShownApproval[]>;
  /**
   * Approves or denies; when the caller is away, what was said is kept until it comes back, and an approval may still be
   * taken back by a denial. The same said twice by one token is said once. Throws ServerError `NOT_FOUND`, `CONFLICT` for a
   * call that was decided otherwise or cannot be made any more, and, while the call goes on waiting, `PERMISSION_DENIED` and
   * `INVALID_REQUEST` for changed arguments.
   */
  decide(id: string, answer: ApprovalAnswer, decider: Decider): Promise<ShownApproval>;
  /**
   * What became of a call, as long as that is remembered: ten minutes at least. Throws ServerError `NOT_FOUND`, also for the
   * calls of tools about which the caller may not decide.
   */
  stateOf(id: string, mayDecide: MayDecide): Promise<ApprovalState>;
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
  /** Whether a token of these ids has ended: then none of its callers can come back. */
  readonly hasEnded: (chain: readonly string[]) => Promise<boolean>;
  /** A keyed digest, by which a decision is known again. */
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
      // Nobody waits just now: whoever comes back for the call takes the answer.
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
      // An answer that got lost on its way is given again.
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
        // It was said, and is in the log; the call waits on, or has ended without it.
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
      // Its arguments are forgotten once it has ended.
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

/** Writes an answer with its entry in the log. */
type Keep = (write: AuditedAct) => Promise<boolean>;

/** Whether this very thing was said before, by this token, and has not been refused. */
const isSame = ({ status, decided }: StoredApproval, { by, digest }: NewAnswer['decided']): boolean =>
  status !== 'waiting' && decided?.by === by && isEqual(decided.digest, digest);

/** Where the answer of an answered call was taken, its caller was there. */
const callerOf = ({ status }: StoredApproval): ShownApproval['caller'] => (status === 'answered' ? 'away' : 'waiting');

const isOpen = ({ status }: StoredApproval): boolean => status === 'waiting' || status === 'answered';

/** What is not plainly approved is denied. */
function outcomeOf(stored: StoredApproval | undefined, now: string): Exclude<ApprovalState, 'waiting'> {
  if (stored?.status === 'expired' || (stored?.status === 'waiting' && stored.expiresAt <= now)) return 'expired';
  const isApproved =
    stored?.status === 'approved' || (stored?.status === 'answered' && stored.answer?.decision === 'approve');
  return isApproved ? 'approved' : 'denied';
}

function toApproval(stored: StoredApproval): Approval {
  const { id, rootId, token, project, server, tool, arguments: args, requestedAt, expiresAt } = stored;
  return { id, rootId, token, project, server, tool, arguments: args, requestedAt, expiresAt };
}

const withoutArguments = ({ server, tool, project }: StoredApproval): Parameters<MayDecide>[0] => ({
  server,
  tool,
  project,
});

/** The same for one that never was and one that is none of the caller's business. */
function notFound(id: string): ServerError {
  return new ServerError('NOT_FOUND', `No tool call '${id.slice(0, 64)}' waits for your approval.`);
}

/** Said to those that might have decided. */
function tooLate({ id, status, expiresAt }: StoredApproval): ServerError {
  const became =
    status === 'approved' ? 'was approved' : status === 'denied' ? 'was denied' : `could be decided until ${expiresAt}`;
  return new ServerError('CONFLICT', `Tool call '${id}' ${became}: nothing can be decided about it any more.`);
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

const isEqual = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
