import type { Duplex } from 'node:stream';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { ClientBase, Pool, PoolClient } from 'pg';
import { LIFT_END, LIFTED_MILLISECONDS } from '../kysely/long-transaction.ts';

/** When things end, in milliseconds; 0: never. */
export interface Bounds {
  /** A statement, by the database. */
  readonly statement: number;
  /** A transaction in which nothing happens, by the database. */
  readonly idleTransaction: number;
  /** The wait for an answer, by this process. */
  readonly answer: number;
}

/**
 * A pool whose queries end by this process's own timer. A connection that has not answered by then is cut, not used
 * again: what it waits for may arrive at any time, or never. The database's own timeout is of no use where nothing
 * arrives.
 */
export function boundPool(pool: Pool, bounds: Bounds): PostgresPool {
  const bounded = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect();
      const known = bounded.get(client);
      if (known !== undefined) return known;
      const fresh = boundClient(client, bounds);
      try {
        await fresh.query(limitSession(client, bounds), []);
      } catch (error) {
        client.release(true);
        throw error;
      }
      bounded.set(client, fresh);
      return fresh;
    },
    end: () => pool.end(),
  };
}

function boundClient(client: PoolClient, { answer }: Bounds): PostgresPoolClient {
  let milliseconds = answer;
  async function query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    if (sql === LIFT_END) milliseconds = LIFTED_MILLISECONDS;
    return (await withEnd(client, milliseconds, () => client.query(sql, [...parameters]))) as never;
  }
  return {
    query: query as PostgresPoolClient['query'],
    release(destroy) {
      milliseconds = answer;
      client.release(destroy);
    },
  };
}

/** Runs a query, and cuts the connection when there is no answer in time; the query then rejects. */
export async function withEnd<Answer>(
  client: ClientBase,
  milliseconds: number,
  run: () => Promise<Answer>,
): Promise<Answer> {
  if (milliseconds === 0) return run();
  const timer = setTimeout(() => {
    cutConnection(client, new Error(`the database has not answered within ${milliseconds} ms`));
  }, milliseconds);
  return run().finally(() => clearTimeout(timer));
}

/** Ends a connection without a word to its other end. What waits for an answer rejects. */
export function cutConnection(client: ClientBase, reason?: Error): void {
  // `pg` has no public way to do so.
  const { connection } = client as unknown as { readonly connection: { readonly stream: Duplex } };
  connection.stream.destroy(reason);
}

/**
 * Sets the limits of a session, if the connection leads to the database itself. A pooler gives its clients a process id
 * that is not the database's, and may lend the session to others: there, transactions set the limits for themselves.
 */
function limitSession(client: PoolClient, { statement, idleTransaction }: Bounds): string {
  const { processID = 0 } = client as { readonly processID?: number };
  return `select set_config('statement_timeout', '${statement}', false),
    set_config('idle_in_transaction_session_timeout', '${idleTransaction}', false),
    set_config('default_transaction_isolation', 'read committed', false)
    where pg_backend_pid() = ${Number(processID)}`;
}
