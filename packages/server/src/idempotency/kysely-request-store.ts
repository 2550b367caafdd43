import type { Kysely, Selectable } from 'kysely';
import type { KeyedRequestTable, KeyedRequestTables } from './schema.ts';

/** A request to be carried out. Times are RFC 3339, in UTC. */
export interface NewRequest {
  readonly id: string;
  readonly rootId: string;
  readonly runId: string;
  readonly digest: string;
  readonly authority: string;
  readonly now: string;
  readonly aliveUntil: string;
  readonly expiresAt: string;
}

/** The stored record of a request. */
export interface StoredRequest extends Omit<NewRequest, 'now'> {
  readonly state: 'running' | 'answered';
  /** Encrypted; absent while the request runs, and where no answer is stored. */
  readonly answer?: string;
  readonly answerUntil: string;
}

/** An encrypted answer to store. */
export interface SealedAnswer {
  readonly text: string;
  readonly until: string;
}

/** How much is stored for one root token. */
export interface RequestBounds {
  readonly requests: number;
  /** Bytes of answers; beyond it the oldest answers are deleted, and their keys stay. */
  readonly bytes: number;
}

/** Stores the requests that were sent with a key, for all servers. */
export interface RequestStore {
  /**
   * Takes a key for one run. True on success, else the record that holds it, or `full`; undefined if it was just
   * released.
   */
  claim(request: NewRequest): Promise<true | 'full' | StoredRequest | undefined>;
  /** Ends a run. Without an answer only the key is stored. */
  finish(id: string, runId: string, answer: SealedAnswer | undefined): Promise<void>;
  /** Releases a key: nothing was done. */
  release(id: string, runId: string): Promise<void>;
  /** Marks these requests as running on this server until a time. */
  keepAlive(ids: readonly string[], runId: string, until: string): Promise<void>;
  /** Deletes expired keys and answers. */
  sweep(now: string): Promise<void>;
}

/** Stores requests in an SQL database. */
export function createKyselyRequestStore(db: Kysely<KeyedRequestTables>, bounds: RequestBounds): RequestStore {
  return {
    claim: (request) =>
      db.transaction().execute(async (transaction) => {
        await transaction
          .deleteFrom('keyed_request')
          .where('id', '=', request.id)
          .where('expires_at', '<=', request.now)
          .where('alive_until', '<=', request.now)
          .execute();
        const existing = await transaction
          .selectFrom('keyed_request')
          .selectAll()
          .where('id', '=', request.id)
          .executeTakeFirst();
        if (existing !== undefined) return fromRow(existing);
        const { count } = await transaction
          .selectFrom('keyed_request')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('root_id', '=', request.rootId)
          .where('expires_at', '>', request.now)
          .executeTakeFirstOrThrow();
        if (Number(count) >= bounds.requests) return 'full';
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('keyed_request')
          .values(toRow(request))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows === 1n) return true;
        // Another server has taken the key.
        const winner = await transaction
          .selectFrom('keyed_request')
          .selectAll()
          .where('id', '=', request.id)
          .executeTakeFirst();
        return winner && fromRow(winner);
      }),

    finish: async (id, runId, answer) => {
      const { root_id: rootId } =
        (await db
          .updateTable('keyed_request')
          .set({
            state: 'answered',
            answer: answer?.text ?? null,
            answer_bytes: answer?.text.length ?? 0,
            ...(answer === undefined ? {} : { answer_until: answer.until }),
          })
          .where('id', '=', id)
          .where('run_id', '=', runId)
          .returning('root_id')
          .executeTakeFirst()) ?? {};
      if (rootId !== undefined && answer !== undefined) await dropOldest(rootId);
    },

    release: async (id, runId) => {
      await db.deleteFrom('keyed_request').where('id', '=', id).where('run_id', '=', runId).execute();
    },

    keepAlive: async (ids, runId, until) => {
      await db
        .updateTable('keyed_request')
        .set({ alive_until: until })
        .where('id', 'in', ids)
        .where('run_id', '=', runId)
        .where('state', '=', 'running')
        .execute();
    },

    sweep: async (now) => {
      await db.deleteFrom('keyed_request').where('expires_at', '<=', now).where('alive_until', '<=', now).execute();
      await db
        .updateTable('keyed_request')
        .set({ answer: null, answer_bytes: 0 })
        .where('answer_until', '<=', now)
        .where('answer', 'is not', null)
        .execute();
    },
  };

  async function dropOldest(rootId: string): Promise<void> {
    const { sum } = await db
      .selectFrom('keyed_request')
      .select(({ fn }) => fn.sum('answer_bytes').as('sum'))
      .where('root_id', '=', rootId)
      .executeTakeFirstOrThrow();
    if (Number(sum) <= bounds.bytes) return;
    const rows = await db
      .selectFrom('keyed_request')
      .select(['id', 'answer_bytes'])
      .where('root_id', '=', rootId)
      .where('answer', 'is not', null)
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute();
    let left = bounds.bytes;
    const dropped = rows.filter(({ answer_bytes }) => {
      left -= answer_bytes;
      return left < 0;
    });
    for (const { id } of dropped) {
      await db.updateTable('keyed_request').set({ answer: null, answer_bytes: 0 }).where('id', '=', id).execute();
    }
  }
}

const toRow = ({ id, rootId, runId, digest, authority, now, ...times }: NewRequest): KeyedRequestTable => ({
  id,
  root_id: rootId,
  run_id: runId,
  digest,
  authority,
  state: 'running',
  answer: null,
  answer_bytes: 0,
  answer_until: times.expiresAt,
  alive_until: times.aliveUntil,
  created_at: now,
  expires_at: times.expiresAt,
});

const fromRow = (row: Selectable<KeyedRequestTable>): StoredRequest => ({
  id: row.id,
  rootId: row.root_id,
  runId: row.run_id,
  digest: row.digest,
  authority: row.authority,
  state: row.state,
  ...(row.answer === null ? {} : { answer: row.answer }),
  answerUntil: row.answer_until,
  aliveUntil: row.alive_until,
  expiresAt: row.expires_at,
});
