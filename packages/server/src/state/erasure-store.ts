import { type Kysely, sql } from 'kysely';
import type { ServerTables } from './database.ts';

/** How many records of each kind were deleted. */
export interface Deleted {
  readonly responses: number;
  readonly usage: number;
  readonly approvals: number;
  readonly keyedRequests: number;
  readonly sessions: number;
  /** Logins at MCP servers. */
  readonly logins: number;
}

/** Deletes what a server keeps about the owner of tokens, besides the tokens and the audit log. */
export interface ErasureStore {
  /** Deletes everything of these tokens, and what names the owner; all or nothing. */
  forget(owner: string, tokenIds: readonly string[]): Promise<Deleted>;
  /** Ends what a database file still has of deleted rows in its log of writes. */
  finish(): Promise<void>;
}

/** How many tokens one statement names: databases limit its parameters. */
const PORTION = 200;

/**
 * Deletes from the tables of an SQL database. Its backups have what was in it.
 *
 * @param isFile whether it is a SQLite file
 */
export function createKyselyErasureStore<Schema extends ServerTables>(
  database: Kysely<Schema>,
  isFile: boolean,
): ErasureStore {
  const own = database as unknown as Kysely<ServerTables>;
  return {
    forget: (owner, tokenIds) =>
      own.transaction().execute(async (transaction) => {
        const counts = { responses: 0, usage: 0, approvals: 0, keyedRequests: 0, sessions: 0, logins: 0 };
        counts.approvals += await countOf(transaction.deleteFrom('approval').where('owner', '=', owner));
        counts.logins += await countOf(transaction.deleteFrom('mcp_login').where('account', '=', owner));
        await transaction.deleteFrom('mcp_login_attempt').where('account', '=', owner).execute();
        await transaction.deleteFrom('webhook_delivery').where('owner', '=', owner).execute();
        for (let start = 0; start < tokenIds.length; start += PORTION) {
          const ids = tokenIds.slice(start, start + PORTION);
          counts.responses += await forgetTurns(transaction, ids);
          counts.usage += await countOf(transaction.deleteFrom('usage_days').where('root_id', 'in', ids));
          counts.approvals += await countOf(
            transaction
              .deleteFrom('approval')
              .where((eb) => eb.or([eb('root_id', 'in', ids), eb('token_id', 'in', ids)])),
          );
          counts.keyedRequests += await countOf(transaction.deleteFrom('keyed_request').where('root_id', 'in', ids));
          // Shared ones, too: the account there is the person's.
          counts.logins += await countOf(transaction.deleteFrom('mcp_login').where('root_id', 'in', ids));
          await transaction.deleteFrom('mcp_login_attempt').where('root_id', 'in', ids).execute();
          await transaction.deleteFrom('oauth_connection').where('root_id', 'in', ids).execute();
          await transaction.deleteFrom('openid_account').where('token_id', 'in', ids).execute();
          counts.sessions += await countOf(
            transaction
              .deleteFrom('console_session')
              .where((eb) => eb.or([eb('root_id', 'in', ids), names('chain', ids)])),
          );
        }
        return counts;
      }),
    async finish() {
      if (isFile) await sql`pragma wal_checkpoint(truncate)`.execute(own);
    },
  };
}

/** Turns of the tokens, and turns that they made for a token above them. A turn of others that continues one stays. */
async function forgetTurns(transaction: Kysely<ServerTables>, ids: readonly string[]): Promise<number> {
  const theirs = sql<boolean>`(${sql.ref('owner')} in (${sql.join(ids)}) or ${names('made_by', ids)})`;
  await transaction
    .updateTable('conversation_turn')
    .set({ parent_id: null })
    .where('parent_id', 'in', transaction.selectFrom('conversation_turn').select('id').where(theirs))
    .execute();
  return countOf(transaction.deleteFrom('conversation_turn').where(theirs));
}

/** Whether a column with a JSON list of ids names one of them. Ids have no characters that `like` or JSON would change. */
const names = (column: string, ids: readonly string[]) =>
  sql<boolean>`(${sql.join(
    ids.map((id) => sql`${sql.ref(column)} like ${`%"${id.replace(/[%_\\"]/g, '')}"%`}`),
    sql` or `,
  )})`;

async function countOf(query: {
  executeTakeFirstOrThrow(): Promise<{ readonly numDeletedRows: bigint }>;
}): Promise<number> {
  const { numDeletedRows } = await query.executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
