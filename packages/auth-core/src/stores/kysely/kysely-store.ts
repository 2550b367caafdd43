import type { Insertable, Kysely, Selectable } from 'kysely';
import type { TokenRecord, TokenStore } from '../../store/token-store.ts';
import type { TokenSchema, TokensTable } from './schema.ts';

/**
 * Keeps tokens in the table `tokens` of a database that kysely speaks to; `tokenMigrations` makes the table.
 *
 * The database stays the caller's: closing the store does not close it.
 */
export function createKyselyTokenStore<Schema>(database: Kysely<Schema>): TokenStore {
  // A server's own schema need not mention this table; the migrations have made it.
  const tables = database as unknown as Kysely<TokenSchema>;
  let closed = false;

  function open(): Kysely<TokenSchema> {
    if (closed) throw new Error('the token store is closed');
    return tables;
  }

  return {
    async insert(record) {
      const { numInsertedOrUpdatedRows } = await open()
        .insertInto('tokens')
        .values(toRow(record))
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    async find(id) {
      const row = await open().selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toRecord(row);
    },
    async update(record, expectedVersion) {
      const { id, last_used_at: _, ...changes } = toRow(record);
      const { numUpdatedRows } = await open()
        .updateTable('tokens')
        .set(changes)
        .where('id', '=', id)
        .where('version', '=', expectedVersion)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },
    async list({ owner, project }) {
      const rows = await open()
        .selectFrom('tokens')
        .selectAll()
        .$if(owner !== undefined, (query) => query.where('owner', '=', owner ?? ''))
        .$if(project !== undefined, (query) => query.where('project', '=', project ?? ''))
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toRecord);
    },
    async touch(lastUsed) {
      await open()
        .transaction()
        .execute(async (transaction) => {
          for (const [id, time] of lastUsed) {
            await transaction
              .updateTable('tokens')
              .set({ last_used_at: time })
              .where('id', '=', id)
              .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', time)]))
              .execute();
          }
        });
    },
    async close() {
      closed = true;
    },
  };
}

function toRow(record: TokenRecord): Insertable<TokensTable> {
  return {
    id: record.id,
    kind: record.kind,
    name: record.name,
    digest: record.digest,
    grant_json: JSON.stringify(record.grant),
    owner: record.owner,
    project: record.project ?? null,
    created_at: record.createdAt,
    created_by: record.createdBy,
    expires_at: record.expiresAt ?? null,
    revoked_at: record.revokedAt ?? null,
    last_used_at: record.lastUsedAt ?? null,
    version: record.version,
  };
}

function toRecord(row: Selectable<TokensTable>): TokenRecord {
  return {
    id: row.id,
    // The digest binds the kind, so that a kind that somebody wrote into the table verifies nothing.
    kind: row.kind as TokenRecord['kind'],
    name: row.name,
    digest: row.digest,
    grant: readJson(row.grant_json),
    owner: row.owner,
    ...(row.project !== null && { project: row.project }),
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
    ...(row.last_used_at !== null && { lastUsedAt: row.last_used_at }),
    version: row.version,
  };
}

/** What is not JSON is no grant either, and whoever reads it as one finds that it allows nothing. */
function readJson(text: string): TokenRecord['grant'] {
  try {
    return JSON.parse(text);
  } catch {
    return { actions: [] };
  }
}
