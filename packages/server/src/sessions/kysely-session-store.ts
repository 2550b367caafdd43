import type { Kysely, Selectable, Transaction } from 'kysely';
import type { SessionTable, SessionTables } from './schema.ts';
import type { Session, SessionToken } from './session.ts';

/** A session as it is stored. */
export interface StoredSession extends Session {
  readonly sealed: string;
}

/** Stores the sessions of the console, for all servers. A transaction is one of `database`. */
export interface SessionStore {
  readonly database: object;
  add(session: StoredSession, transaction?: unknown): Promise<void>;
  find(id: string): Promise<StoredSession | undefined>;
  /** The sessions whose chain has this id, the one that was used last first. */
  list(member: string): Promise<readonly StoredSession[]>;
  /** All sessions. */
  all(): Promise<readonly StoredSession[]>;
  /** Records a use. */
  touch(id: string, usedAt: string): Promise<void>;
  /** False when there is no such session. */
  remove(id: string, transaction?: unknown): Promise<boolean>;
}

/** Stores sessions in an SQL database. */
export function createKyselySessionStore(db: Kysely<SessionTables>): SessionStore {
  const within = (transaction: unknown) =>
    transaction === undefined ? db : (transaction as Transaction<SessionTables>);
  const newestFirst = () => db.selectFrom('console_session').selectAll().orderBy('used_at', 'desc').orderBy('id');
  return {
    database: db,
    add: async (session, transaction) => {
      await within(transaction).insertInto('console_session').values(toRow(session)).execute();
    },
    find: async (id) => {
      const row = await db.selectFrom('console_session').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(row);
    },
    list: async (member) => {
      // An underscore of an id matches any character, so the rows are looked through once more.
      const rows = await newestFirst().where('chain', 'like', `%"${member}"%`).execute();
      return rows.map(fromRow).filter(({ chain }) => chain.includes(member));
    },
    all: async () => (await newestFirst().execute()).map(fromRow),
    touch: async (id, usedAt) => {
      await db.updateTable('console_session').set({ used_at: usedAt }).where('id', '=', id).execute();
    },
    remove: async (id, transaction) => {
      const { numDeletedRows } = await within(transaction)
        .deleteFrom('console_session')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

const toRow = (session: StoredSession): SessionTable => ({
  id: session.id,
  root_id: session.rootId,
  chain: JSON.stringify(session.chain),
  token: JSON.stringify(session.token),
  sealed: session.sealed,
  address: session.address ?? null,
  browser: session.browser ?? null,
  created_at: session.createdAt,
  used_at: session.usedAt,
  expires_at: session.expiresAt,
});

const fromRow = (row: Selectable<SessionTable>): StoredSession => ({
  id: row.id,
  rootId: row.root_id,
  chain: JSON.parse(row.chain) as readonly string[],
  token: JSON.parse(row.token) as SessionToken,
  sealed: row.sealed,
  ...(row.address === null ? {} : { address: row.address }),
  ...(row.browser === null ? {} : { browser: row.browser }),
  createdAt: row.created_at,
  usedAt: row.used_at,
  expiresAt: row.expires_at,
});
