import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { TokenRecord, TokenStore } from '../../store/token-store.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { TokenSchema, TokensTable } from './schema.ts';

/**
 * Keeps tokens in the table `tokens` of a database that kysely speaks to; `tokenMigrations` makes the table. Where
 * the database tells of changes, `watch` hears them: `watchPostgresTokens` of `@latchkey/auth-core/stores/postgres`.
 *
 * The database stays the caller's: closing the store does not close it.
 *
 * @example
 * ```ts
 * import { createKyselyTokenStore, migrate, openSqlite, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 *
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, tokenMigrations, 'token_migrations');
 *
 * export const store = createKyselyTokenStore(database);
 * ```
 */
export function createKyselyTokenStore<Schema>(
  database: Kysely<Schema>,
  { watch }: Pick<TokenStore, 'watch'> = {},
): TokenStore {
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
      const tokens = open();
      if (isBeyondText(id)) return undefined;
      const row = await tokens.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
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
    async list({ owner, project, parentId, after, limit }) {
      const tokens = open();
      if ([owner, project, parentId].some(isBeyondText)) return [];
      const rows = await tokens
        .selectFrom('tokens')
        .selectAll()
        .$if(after !== undefined, (query) =>
          query.where(({ eb, refTuple, tuple }) =>
            eb(refTuple('created_at', 'id'), '>', tuple(after?.createdAt ?? '', after?.id ?? '')),
          ),
        )
        .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
        .$if(owner !== undefined, (query) => query.where('owner', '=', owner ?? ''))
        .$if(project !== undefined, (query) => query.where('project', '=', project ?? ''))
        .$if(parentId !== undefined, (query) => query.where('parent_id', '=', parentId ?? ''))
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toRecord);
    },
    async touch(lastUsed) {
      const tokens = open();
      // Everybody locks in the same order, so that nobody waits for somebody who waits for him.
      const uses = [...lastUsed].filter(([id]) => !isBeyondText(id)).sort(([left], [right]) => (left < right ? -1 : 1));
      await retryConflicts(() => tokens.transaction().execute((transaction) => touchEach(transaction, uses)));
    },
    async forgetAccessTokens(before) {
      await open()
        .deleteFrom('tokens')
        .where('kind', '=', 'access')
        .where('created_at', '<', before)
        .where(({ not, exists, selectFrom, ref, val }) =>
          not(
            exists(
              selectFrom('tokens as child')
                .select('child.id')
                .whereRef('child.parent_id', '=', 'tokens.parent_id')
                // What an id has of wildcards lets it fit more, and so keeps more.
                .where('child.caveats_json', 'like', sql<string>`${val('%"')} || ${ref('tokens.id')} || ${val('"%')}`),
            ),
          ),
        )
        .execute();
    },
    ...(watch !== undefined && {
      async watch(listener) {
        open();
        return watch(listener);
      },
    }),
    async close() {
      closed = true;
    },
  };
}

/** No row has a text with this character: PostgreSQL does not keep it, and fails where it is only asked for. */
function isBeyondText(text: string | undefined): boolean {
  return text?.includes('\u0000') ?? false;
}

async function touchEach(transaction: Transaction<TokenSchema>, uses: readonly [id: string, time: string][]) {
  for (const [id, time] of uses) {
    await transaction
      .updateTable('tokens')
      .set({ last_used_at: time })
      .where('id', '=', id)
      .where((where) => where.or([where('last_used_at', 'is', null), where('last_used_at', '<', time)]))
      .execute();
  }
}

function toRow(record: TokenRecord): Insertable<TokensTable> {
  return {
    id: record.id,
    kind: record.kind,
    name: record.name,
    notes: record.notes ?? null,
    digest: record.digest,
    attenuation_key: record.attenuationKey ?? null,
    previous_json: record.previous === undefined ? null : JSON.stringify(record.previous),
    sealed: record.sealed ?? null,
    stub: record.stub ?? null,
    parent_id: record.parentId ?? null,
    caveats_json: record.caveats === undefined ? null : JSON.stringify(record.caveats),
    grant_json: JSON.stringify(record.grant),
    owner: record.owner,
    project: record.project ?? null,
    created_at: record.createdAt,
    created_by: record.createdBy,
    expires_at: record.expiresAt ?? null,
    revoked_at: record.revokedAt ?? null,
    rotated_at: record.rotatedAt ?? null,
    rotate_after_seconds: record.rotateAfterSeconds ?? null,
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
    ...(row.notes !== null && { notes: row.notes }),
    digest: row.digest,
    ...(row.attenuation_key !== null && { attenuationKey: row.attenuation_key }),
    ...(row.previous_json !== null && { previous: JSON.parse(row.previous_json) }),
    ...(row.sealed !== null && { sealed: row.sealed }),
    ...(row.stub !== null && { stub: row.stub }),
    ...(row.parent_id !== null && { parentId: row.parent_id }),
    ...(row.caveats_json !== null && { caveats: JSON.parse(row.caveats_json) }),
    grant: readGrantJson(row.grant_json),
    owner: row.owner,
    ...(row.project !== null && { project: row.project }),
    createdAt: row.created_at,
    createdBy: row.created_by,
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
    ...(row.rotated_at !== null && { rotatedAt: row.rotated_at }),
    ...(row.rotate_after_seconds !== null && { rotateAfterSeconds: Number(row.rotate_after_seconds) }),
    ...(row.last_used_at !== null && { lastUsedAt: row.last_used_at }),
    version: row.version,
  };
}

/** What is not JSON is no grant either, and whoever reads it as one finds that it allows nothing. */
function readGrantJson(text: string): TokenRecord['grant'] {
  try {
    return JSON.parse(text);
  } catch {
    return { actions: [] };
  }
}
