import { type Kysely, sql } from 'kysely';
import type { ChooseTokens, EndingQuery, TokenRecord } from '../../token/token-store.ts';
import { isPostgres } from './is-postgres.ts';
import type { TokenSchema } from './schema.ts';

/** How many tokens are judged at a time. */
const PAGE = 500;

/** The owner and the project of a token. */
type Scope = Pick<TokenRecord, 'owner' | 'project'>;

/**
 * Makes an insert on PostgreSQL wait while the tokens of its owner or of its project are being ended, and makes their
 * ending wait for this transaction. Otherwise neither of two that run at once would see what the other writes.
 */
export async function fenceInsert(transaction: Kysely<TokenSchema>, { owner, project }: Scope): Promise<void> {
  const names = [scopeName('owner', owner), ...(project === undefined ? [] : [scopeName('project', project)])];
  // Not in one statement: these locks must be held before the snapshot of the next one is taken.
  for (const name of names) await sql`select pg_advisory_xact_lock_shared(${lockOf(name)})`.execute(transaction);
}

/** Revokes tokens, as `TokenStore.endAll`. */
export async function endTokens(
  transaction: Kysely<TokenSchema>,
  query: EndingQuery,
  choose: ChooseTokens | undefined,
  toRecord: (row: object) => TokenRecord,
): Promise<TokenRecord[]> {
  const { owner, project } = query;
  if (isPostgres(transaction)) {
    const name = owner === undefined ? scopeName('project', project ?? '') : scopeName('owner', owner);
    await sql`select pg_advisory_xact_lock(${lockOf(name)})`.execute(transaction);
  }
  if (choose === undefined) return (await revoke(transaction, query).returningAll().execute()).map(toRecord);
  const find = async (id: string): Promise<TokenRecord | undefined> => {
    const row = await transaction.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toRecord(row);
  };
  const ended: TokenRecord[] = [];
  for (let last: TokenRecord | undefined; ; ) {
    const page = await readStanding(transaction, query, last, toRecord);
    const chosen = await choose(page, find);
    if (chosen.length > 0) {
      const rows = await revoke(transaction, query).where('id', 'in', chosen).returningAll().execute();
      ended.push(...rows.map(toRecord));
    }
    if (page.length < PAGE) return ended;
    last = page.at(-1);
  }
}

function revoke(transaction: Kysely<TokenSchema>, { owner, project, except, revokedAt }: EndingQuery) {
  return transaction
    .updateTable('tokens')
    .set(({ eb }) => ({ revoked_at: revokedAt, version: eb('version', '+', 1) }))
    .where('revoked_at', 'is', null)
    .$if(owner !== undefined, (update) => update.where('owner', '=', owner ?? ''))
    .$if(project !== undefined, (update) => update.where('project', '=', project ?? ''))
    .$if(except.length > 0, (update) => update.where('id', 'not in', except));
}

async function readStanding(
  transaction: Kysely<TokenSchema>,
  { owner, project, except }: EndingQuery,
  last: TokenRecord | undefined,
  toRecord: (row: object) => TokenRecord,
): Promise<TokenRecord[]> {
  const rows = await transaction
    .selectFrom('tokens')
    .selectAll()
    .where('revoked_at', 'is', null)
    .$if(owner !== undefined, (query) => query.where('owner', '=', owner ?? ''))
    .$if(project !== undefined, (query) => query.where('project', '=', project ?? ''))
    .$if(except.length > 0, (query) => query.where('id', 'not in', except))
    .$if(last !== undefined, (query) => query.where('id', '>', last?.id ?? ''))
    .orderBy('id')
    .limit(PAGE)
    .execute();
  return rows.map(toRecord);
}

function scopeName(kind: 'owner' | 'project', name: string): string {
  return `latchkey ${kind} ${name}`;
}

/** Two names with one number wait for one another without need, and nothing else happens. */
function lockOf(name: string) {
  return sql`hashtextextended(${name}, 0)`;
}
