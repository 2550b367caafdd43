import { type Kysely, sql } from 'kysely';
import { isPostgres } from './is-postgres.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { TokenSchema } from './schema.ts';

/** How many rows one statement writes, and so locks until it has ended. */
const BATCH = 500;
/** On SQLite, where a statement stops the process and all other writes. */
const SQLITE_BATCH = 250;

type Use = readonly [id: string, time: string];

/**
 * Writes when tokens were last used: many with each statement, and every statement in a transaction of its own, so that
 * nothing else waits for long. A row that another transaction has locked is left out at first, and written alone at the
 * end: a statement that waits for it must not hold the locks of others.
 */
export async function touchTokens(tokens: Kysely<TokenSchema>, uses: readonly Use[]): Promise<void> {
  const left: Use[] = [];
  const size = isPostgres(tokens) ? BATCH : SQLITE_BATCH;
  for (let start = 0; start < uses.length; start += size) {
    const batch = uses.slice(start, start + size);
    left.push(...(await retryConflicts(() => writeUses(tokens, batch))));
  }
  for (const use of left) await retryConflicts(() => writeUse(tokens, use));
}

/** Writes a batch, and returns what it has left out. */
async function writeUses(tokens: Kysely<TokenSchema>, batch: readonly Use[]): Promise<readonly Use[]> {
  if (!isPostgres(tokens)) {
    await sql`update ${sql.table('tokens')} as used set last_used_at = uses.value
      from json_each(${JSON.stringify(Object.fromEntries(batch))}) as uses
      where used.id = uses.key and (used.last_used_at is null or used.last_used_at < uses.value)`.execute(tokens);
    return [];
  }
  const [ids, times] = [batch.map(([id]) => id), batch.map(([, time]) => time)];
  const { rows } = await sql<{ id: string }>`
    with free as (
      select id from ${sql.table('tokens')} where id = any(${ids}::text[]) order by id for update skip locked
    ), written as (
      update ${sql.table('tokens')} as used set last_used_at = uses.time
        from unnest(${ids}::text[], ${times}::text[]) as uses(id, time), free
        where used.id = uses.id and free.id = uses.id and (used.last_used_at is null or used.last_used_at < uses.time)
    ) select id from free`.execute(tokens);
  const free = new Set(rows.map(({ id }) => id));
  return batch.filter(([id]) => !free.has(id));
}

async function writeUse(tokens: Kysely<TokenSchema>, [id, time]: Use): Promise<void> {
  await tokens
    .updateTable('tokens')
    .set({ last_used_at: time })
    .where('id', '=', id)
    .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', time)]))
    .execute();
}
