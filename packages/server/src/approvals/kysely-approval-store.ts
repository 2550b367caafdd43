import type { Kysely, Selectable } from 'kysely';
import type { Approval, ApprovalAnswer, Refusal, StoredApproval } from './approval.ts';
import type { ApprovalTable, ApprovalTables } from './schema.ts';

/** Keeps the calls that wait, where all servers and commands see them. Times are RFC 3339, in UTC. */
export interface ApprovalStore {
  /** False when as many calls of its root token wait already. Throws away what ended before `endedBefore`. */
  add(approval: Approval, options: AddOptions): Promise<boolean>;
  find(id: string): Promise<StoredApproval | undefined>;
  /** Those that still wait, on a server that runs; the oldest first. */
  waiting(now: string): Promise<readonly StoredApproval[]>;
  /** The server on which it waits is alive. */
  keepAlive(id: string, aliveUntil: string): Promise<void>;
  /** Answers a call that waits; false when it does not, or somebody else was faster. */
  answer(id: string, answerId: string, answer: ApprovalAnswer, now: string): Promise<boolean>;
  /** Does not take the answer: the call waits on. */
  refuse(id: string, refusal: Refusal): Promise<void>;
  /** Takes back an answer that no server has taken; false when one has. */
  withdraw(id: string, answerId: string): Promise<boolean>;
  /** Ends the wait, and forgets the arguments. */
  settle(id: string, status: 'approved' | 'denied', now: string): Promise<void>;
}

export interface AddOptions {
  readonly aliveUntil: string;
  readonly now: string;
  readonly endedBefore: string;
  /** How many calls of one root token may wait. */
  readonly most: number;
}

const OPEN = ['waiting', 'answered'] as const;

/** Approvals in SQL. */
export function createKyselyApprovalStore(db: Kysely<ApprovalTables>): ApprovalStore {
  return {
    add: (approval, { aliveUntil, now, endedBefore, most }) =>
      db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('approval').where('alive_until', '<', endedBefore).execute();
        const { count } = await transaction
          .selectFrom('approval')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('root_id', '=', approval.rootId)
          .where('status', 'in', OPEN)
          .where('alive_until', '>', now)
          .executeTakeFirstOrThrow();
        if (Number(count) >= most) return false;
        await transaction.insertInto('approval').values(toRow(approval, aliveUntil)).execute();
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
        .where('status', 'in', OPEN)
        .where('alive_until', '>', now)
        .orderBy('requested_at')
        .orderBy('id')
        .execute();
      return rows.map(fromRow);
    },

    keepAlive: async (id, aliveUntil) => {
      await db
        .updateTable('approval')
        .set({ alive_until: aliveUntil })
        .where('id', '=', id)
        .where('status', 'in', OPEN)
        .execute();
    },

    answer: async (id, answerId, answer, now) => {
      const { numUpdatedRows } = await db
        .updateTable('approval')
        .set({ status: 'answered', answer_id: answerId, answer: JSON.stringify(answer), refusal: null })
        .where('id', '=', id)
        .where('status', '=', 'waiting')
        .where('alive_until', '>', now)
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

    settle: async (id, status, now) => {
      await db
        .updateTable('approval')
        .set({ status, arguments: '{}', answer: null, alive_until: now })
        .where('id', '=', id)
        .where('status', 'in', OPEN)
        .execute();
    },
  };
}

const toRow = (approval: Approval, aliveUntil: string): ApprovalTable => ({
  id: approval.id,
  root_id: approval.rootId,
  token_id: approval.token.id,
  token_name: approval.token.name,
  owner: approval.token.owner,
  project: approval.project,
  server: approval.server,
  tool: approval.tool,
  arguments: JSON.stringify(approval.arguments),
  status: 'waiting',
  answer_id: null,
  answer: null,
  refusal: null,
  requested_at: approval.requestedAt,
  expires_at: approval.expiresAt,
  alive_until: aliveUntil,
});

const fromRow = (row: Selectable<ApprovalTable>): StoredApproval => ({
  id: row.id,
  rootId: row.root_id,
  token: { id: row.token_id, name: row.token_name, owner: row.owner },
  project: row.project,
  server: row.server,
  tool: row.tool,
  arguments: JSON.parse(row.arguments) as Record<string, unknown>,
  requestedAt: row.requested_at,
  expiresAt: row.expires_at,
  status: row.status,
  ...(row.answer_id === null ? {} : { answerId: row.answer_id }),
  ...(row.answer === null ? {} : { answer: JSON.parse(row.answer) as ApprovalAnswer }),
  ...(row.refusal === null ? {} : { refusal: JSON.parse(row.refusal) as Refusal }),
});
