import { TOOL_EFFECTS, type ToolEffect } from '@latchkey/auth-core';
import type { Approval, ApprovalAnswer, ApprovalReason } from '@latchkey/client';
import type { Expression, ExpressionBuilder, Kysely, Selectable, SqlBool, Transaction } from 'kysely';
import type { ApprovalProgress, Refusal, StoredApproval } from './approval.ts';
import type { ApprovalTable, ApprovalTables } from './schema.ts';

/** Stores pending calls for all servers and commands of the database. Times are RFC 3339, in UTC. */
export interface ApprovalStore {
  /**
   * Adds a call; false when `most` calls of its root token are pending. Deletes calls that ended before `endedBefore`.
   */
  add(approval: Approval, options: AddOptions): Promise<boolean>;
  find(id: string): Promise<StoredApproval | undefined>;
  /**
   * The progress of the calls with these ids that exist, without arguments, since it is read often and for many calls.
   */
  progressOf(ids: readonly string[]): Promise<readonly ApprovalProgress[]>;
  /** The calls that a request waits for, or may return for; oldest first. */
  waiting(now: string): Promise<readonly StoredApproval[]>;
  /** The calls whose caller has left, answered or not. */
  away(now: string): Promise<readonly StoredApproval[]>;
  /** Extends the time until which the server on which they wait counts as alive. */
  keepAlive(ids: readonly string[], aliveUntil: string): Promise<void>;
  /**
   * Answers a pending call, or denies one whose approval no caller has returned for yet. False when it is neither, or
   * another answer came first.
   */
  answer(id: string, answer: NewAnswer, now: string, transaction?: unknown): Promise<boolean>;
  /** The database of the transactions that `answer` can write in. */
  readonly database: object;
  /** Refuses the answer: the call stays pending. */
  refuse(id: string, refusal: Refusal): Promise<void>;
  /** Withdraws an answer that no server has accepted; false when one has. */
  withdraw(id: string, answerId: string): Promise<boolean>;
  /** Ends the wait and deletes the arguments; false when it has ended before, or has another answer than `answerId`. */
  settle(id: string, status: 'approved' | 'denied' | 'expired', now: string, taken?: TakenAnswer): Promise<boolean>;
  /** Ends the waits that have expired and that no server watches, deletes their arguments, and returns them. */
  expire(now: string): Promise<readonly StoredApproval[]>;
}

/** A person's answer, and who gave it. */
export interface NewAnswer extends ApprovalAnswer {
  readonly answerId: string;
  readonly decided: { readonly by: string; readonly digest: string };
}

/** An accepted answer, and the stored turn that makes the call. */
export interface TakenAnswer {
  readonly answerId?: string | undefined;
  readonly takenBy?: string | undefined;
}

export interface AddOptions {
  /** The ids of the caller's chain: the call ends when one of them does. */
  readonly chain: readonly string[];
  readonly aliveUntil: string;
  readonly responseId?: string;
  readonly now: string;
  readonly endedBefore: string;
  /** The most pending calls of one root token. */
  readonly most: number;
  /** The names that the tool's definition gives its arguments. */
  readonly argumentNames: readonly string[];
  /** The class of the tool. Absent: not known. */
  readonly effect?: ToolEffect;
}

const OPEN = ['waiting', 'answered'] as const;

/** Whether a request waits for it, or may return for it. */
const isWanted =
  (now: string) =>
  ({ eb, and, or }: ExpressionBuilder<ApprovalTables, 'approval'>): Expression<SqlBool> =>
    or([eb('alive_until', '>', now), and([eb('response_id', 'is not', null), eb('expires_at', '>', now)])]);

/** Stores approvals in an SQL database. */
export function createKyselyApprovalStore(db: Kysely<ApprovalTables>): ApprovalStore {
  return {
    add: (approval, { aliveUntil, responseId = null, now, endedBefore, most, argumentNames, effect = null, chain }) =>
      db.transaction().execute(async (transaction) => {
        await transaction
          .deleteFrom('approval')
          .where('alive_until', '<', endedBefore)
          .where(({ eb, or }) => or([eb('response_id', 'is', null), eb('expires_at', '<', endedBefore)]))
          .execute();
        const { count } = await transaction
          .selectFrom('approval')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('root_id', '=', approval.rootId)
          .where('status', 'in', OPEN)
          .where(isWanted(now))
          .executeTakeFirstOrThrow();
        if (Number(count) >= most) return false;
        await transaction
          .insertInto('approval')
          .values({
            ...toRow(approval, aliveUntil, responseId),
            argument_names: JSON.stringify(argumentNames),
            effect,
            chain: JSON.stringify(chain),
          })
          .execute();
        return true;
      }),

    find: async (id) => {
      const row = await db.selectFrom('approval').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(row);
    },

    waiting: async (now) => {
      const rows = await db
        .selectFrom('approval')
        .selectAll()
        .where(({ eb, or, and }) =>
          // A call whose answer waits for its caller need not be decided again.
          or([eb('status', '=', 'waiting'), and([eb('status', '=', 'answered'), eb('alive_until', '>', now)])]),
        )
        .where(isWanted(now))
        .orderBy('requested_at')
        .orderBy('id')
        .execute();
      return rows.map(fromRow);
    },

    away: async (now) => {
      const rows = await db
        .selectFrom('approval')
        .selectAll()
        .where('status', 'in', OPEN)
        .where('alive_until', '<=', now)
        .execute();
      return rows.map(fromRow);
    },

    progressOf: async (ids) => {
      const rows = await db.selectFrom('approval').select(PROGRESS).where('id', 'in', ids).execute();
      return rows.map(toProgress);
    },

    keepAlive: async (ids, aliveUntil) => {
      await db
        .updateTable('approval')
        .set({ alive_until: aliveUntil })
        .where('id', 'in', ids)
        .where('status', 'in', OPEN)
        .execute();
    },

    database: db,

    answer: async (id, { answerId, decided, ...answer }, now, transaction) => {
      const within = transaction === undefined ? db : (transaction as Transaction<ApprovalTables>);
      const { numUpdatedRows } = await within
        .updateTable('approval')
        .set({
          status: 'answered',
          answer_id: answerId,
          answer: JSON.stringify(answer),
          refusal: null,
          decided_by: decided.by,
          decided_digest: decided.digest,
        })
        .where('id', '=', id)
        .where(({ eb, or, and }) =>
          or([
            eb('status', '=', 'waiting'),
            ...(answer.decision === 'deny' ? [and([eb('status', '=', 'answered'), eb('alive_until', '<=', now)])] : []),
          ]),
        )
        .where(isWanted(now))
        .where('expires_at', '>', now)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    refuse: async (id, refusal) => {
      await db
        .updateTable('approval')
        .set({ status: 'waiting', answer: null, refusal: JSON.stringify(refusal) })
        .where('id', '=', id)
        .where('status', '=', 'answered')
        .execute();
    },

    withdraw: async (id, answerId) => {
      const { numUpdatedRows } = await db
        .updateTable('approval')
        .set({ status: 'waiting', answer: null })
        .where('id', '=', id)
        .where('answer_id', '=', answerId)
        .where('status', '=', 'answered')
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    expire: async (now) => {
      const rows = await db
        .updateTable('approval')
        .set({ status: 'expired', arguments: '{}', answer: null })
        .where('status', 'in', OPEN)
        .where('expires_at', '<=', now)
        .where('alive_until', '<=', now)
        .returningAll()
        .execute();
      return rows.map(fromRow);
    },

    settle: async (id, status, now, { answerId, takenBy = null } = {}) => {
      const { numUpdatedRows } = await db
        .updateTable('approval')
        .set({ status, arguments: '{}', answer: null, alive_until: now, taken_by: takenBy })
        .where('id', '=', id)
        .where('status', 'in', OPEN)
        .$if(answerId !== undefined, (query) => query.where('answer_id', '=', answerId ?? null))
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
  };
}

const PROGRESS = ['id', 'status', 'answer_id', 'answer', 'response_id', 'taken_by'] as const;

const toProgress = (row: Pick<Selectable<ApprovalTable>, (typeof PROGRESS)[number]>): ApprovalProgress => ({
  id: row.id,
  status: row.status,
  ...(row.response_id === null ? {} : { responseId: row.response_id }),
  ...(row.answer_id === null ? {} : { answerId: row.answer_id }),
  ...(row.taken_by === null ? {} : { takenBy: row.taken_by }),
  ...(row.answer === null ? {} : { answer: JSON.parse(row.answer) as ApprovalAnswer }),
});

const toRow = (
  approval: Approval,
  aliveUntil: string,
  responseId: string | null,
): Omit<ApprovalTable, 'argument_names' | 'effect' | 'chain'> => ({
  id: approval.id,
  root_id: approval.rootId,
  token_id: approval.token.id,
  token_name: approval.token.name,
  owner: approval.token.owner,
  project: approval.project,
  server: approval.server,
  tool: approval.tool,
  arguments: JSON.stringify(approval.arguments),
  reasons: JSON.stringify(approval.reasons),
  status: 'waiting',
  answer_id: null,
  decided_by: null,
  decided_digest: null,
  answer: null,
  refusal: null,
  requested_at: approval.requestedAt,
  expires_at: approval.expiresAt,
  alive_until: aliveUntil,
  response_id: responseId,
  taken_by: null,
});

const isEffect = (value: unknown): value is ToolEffect => TOOL_EFFECTS.some((effect) => effect === value);

const fromRow = (row: Selectable<ApprovalTable>): StoredApproval => ({
  ...toProgress(row),
  rootId: row.root_id,
  token: { id: row.token_id, name: row.token_name, owner: row.owner },
  project: row.project,
  server: row.server,
  tool: row.tool,
  arguments: JSON.parse(row.arguments) as Record<string, unknown>,
  // Rows from before this column existed have no names.
  argumentNames: JSON.parse(row.argument_names ?? '[]') as string[],
  ...(isEffect(row.effect) && { effect: row.effect }),
  reasons: JSON.parse(row.reasons ?? '[]') as ApprovalReason[],
  requestedAt: row.requested_at,
  expiresAt: row.expires_at,
  aliveUntil: row.alive_until,
  chain: row.chain === null ? [row.root_id, row.token_id] : (JSON.parse(row.chain) as string[]),
  ...(row.decided_by === null || row.decided_digest === null
    ? {}
    : { decided: { by: row.decided_by, digest: row.decided_digest } }),
  ...(row.refusal === null ? {} : { refusal: JSON.parse(row.refusal) as Refusal }),
});
