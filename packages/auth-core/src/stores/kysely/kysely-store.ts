import { type Insertable, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { StandingToken, TokenRecord, TokenStore } from '../../token/token-store.ts';
import { isPostgres } from './is-postgres.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { TokenSchema, TokensTable } from './schema.ts';

/**
 * Keeps tokens in the table `tokens` of a database that kysely speaks to; `tokenMigrations` creates the table. Where
 * the database sends notifications of changes, `watch` receives them: see `watchPostgresTokens` of
 * `@latchkey/auth-core/stores/postgres`.
 *
 * The caller owns the database: closing the store does not close it.
 *
 * @example
 * ```ts
 * import { createKyselyTokenStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
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
  // A server's own schema need not declare this table; the migrations create it.
  const tables = database as unknown as Kysely<TokenSchema>;
  let closed = false;

  function open(): Kysely<TokenSchema> {
    if (closed) throw new Error('the token store is closed');
    return tables;
  }

  return {
    database,
    insert: (record, standing = [], transaction) =>
      writeWhile(open, transaction, standing, async (tokens) => {
        const { numInsertedOrUpdatedRows } = await tokens
          .insertInto('tokens')
          .values(toRow(record))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }),
    async find(id) {
      const tokens = open();
      if (isBeyondText(id)) return undefined;
      const row = await tokens.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toRecord(row);
    },
    update(record, expectedVersion, standing = [], transaction) {
      const { id, last_used_at: _, ...changes } = toRow(record);
      return writeWhile(open, transaction, withOwn(standing, { id, version: expectedVersion }), async (tokens) => {
        const { numUpdatedRows } = await tokens
          .updateTable('tokens')
          .set(changes)
          .where('id', '=', id)
          .where('version', '=', expectedVersion)
          .executeTakeFirstOrThrow();
        return numUpdatedRows === 1n;
      });
    },
    async remove(id, expectedVersion, standing = [], transaction) {
      const own = { id, version: expectedVersion };
      if (isBeyondText(id)) return false;
      return writeWhile(open, transaction, [own, ...standing], async (tokens) => {
        await tokens.deleteFrom('tokens').where('id', 'in', familyOf(id)).execute();
        return true;
      });
    },
    async countDerived({ parentId, through, createdBy, at, limit }) {
      const tokens = open();
      const first = tokens
        .selectFrom('tokens')
        .select('id')
        .where('parent_id', '=', parentId)
        .where(isLive(at))
        // A wildcard character in an id makes it match more rows, so the count can only be too high.
        .$if(through !== undefined, (query) => query.where('caveats_json', 'like', `%"id":${JSON.stringify(through)}%`))
        .$if(createdBy !== undefined, (query) => query.where('created_by', '=', createdBy ?? ''));
      const { count } = await tokens
        .withRecursive('derived(id)', (database) =>
          createdBy === undefined
            ? first.union(
                database
                  .selectFrom('tokens')
                  .innerJoin('derived', 'derived.id', 'tokens.parent_id')
                  .select('tokens.id')
                  .where(isLive(at)),
              )
            : first,
        )
        .selectFrom((from) => from.selectFrom('derived').select('id').limit(limit).as('counted'))
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
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
      // A consistent lock order avoids deadlock.
      const uses = [...lastUsed].filter(([id]) => !isBeyondText(id)).sort(([left], [right]) => (left < right ? -1 : 1));
      await retryConflicts(() => tokens.transaction().execute((transaction) => touchEach(transaction, uses)));
    },
    async forgetEnded(before) {
      const tokens = open();
      await tokens
        .deleteFrom('tokens')
        .where('parent_id', 'is not', null)
        .where(({ or, and, eb }) =>
          or([
            eb('expires_at', '<', before),
            // A tombstone must be kept until the token that it revokes has expired.
            and([eb('revoked_at', '<', before), eb('kind', 'not in', ['access', 'attenuated'])]),
          ]),
        )
        .where(({ not, exists, selectFrom, ref, val }) =>
          not(
            exists(
              selectFrom('tokens as child')
                .select('child.id')
                .whereRef('child.parent_id', '=', 'tokens.parent_id')
                // A wildcard character in an id makes it match more rows, so too many are kept, never too few.
                .where('child.caveats_json', 'like', sql<string>`${val('%"')} || ${ref('tokens.id')} || ${val('"%')}`),
            ),
          ),
        )
        .execute();
      await forgetOrphans(tokens);
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

/**
 * Writes if the standing tokens exist in their versions; returns false otherwise. Their rows are locked, in a
 * consistent order, until the write is done, so that they cannot change meanwhile.
 */
async function writeWhile(
  open: () => Kysely<TokenSchema>,
  given: unknown,
  standing: readonly StandingToken[],
  write: (tokens: Kysely<TokenSchema>) => Promise<boolean>,
): Promise<boolean> {
  const tokens = open();
  const writeIn = async (transaction: Kysely<TokenSchema>): Promise<boolean> =>
    (await stand(transaction, standing)) && (await write(transaction));
  // The transaction belongs to this database; see `TokenStore.database`.
  if (given !== undefined) return writeIn(given as Transaction<TokenSchema>);
  if (standing.length === 0) return write(tokens);
  return retryConflicts(() => tokens.transaction().execute(writeIn));
}

async function stand(transaction: Kysely<TokenSchema>, standing: readonly StandingToken[]): Promise<boolean> {
  if (standing.length === 0) return true;
  const rows = await transaction
    .selectFrom('tokens')
    .select(['id', 'version'])
    .where('id', 'in', [...new Set(standing.map(({ id }) => id))])
    .orderBy('id')
    .$if(isPostgres(transaction), (query) => query.forUpdate())
    .execute();
  const versions = new Map(rows.map(({ id, version }) => [id, version]));
  return standing.every(({ id, version }) => versions.get(id) === version);
}

/** The written token is locked together with its standing tokens. Without standing tokens, one statement is enough. */
function withOwn(standing: readonly StandingToken[], own: StandingToken): readonly StandingToken[] {
  return standing.length === 0 ? standing : [...standing, own];
}

/** A token and all that was derived from it, directly or indirectly. */
function familyOf(id: string) {
  return sql<string>`(
    with recursive family(id) as (
      select id from tokens where id = ${id}
      union select tokens.id from tokens join family on tokens.parent_id = family.id
    ) select id from family
  )`;
}

function isLive(at: string) {
  return sql<boolean>`tokens.revoked_at is null and (tokens.expires_at is null or tokens.expires_at > ${at})`;
}

/** Deletes tokens whose parent no longer exists, then those derived from them, until none is left. */
async function forgetOrphans(tokens: Kysely<TokenSchema>): Promise<void> {
  for (let found = true; found; ) {
    const { numDeletedRows } = await tokens
      .deleteFrom('tokens')
      .where('parent_id', 'is not', null)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('tokens as parent').select('parent.id').whereRef('parent.id', '=', 'tokens.parent_id'))),
      )
      .executeTakeFirstOrThrow();
    found = numDeletedRows > 0n;
  }
}

/** No row has a text with this character: PostgreSQL cannot store it, and rejects even a query for it. */
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
    metadata_json: record.metadata === undefined ? null : JSON.stringify(record.metadata),
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
    // The digest binds the kind, so a kind that was changed in the table verifies nothing.
    kind: row.kind as TokenRecord['kind'],
    name: row.name,
    ...(row.notes !== null && { notes: row.notes }),
    ...(row.metadata_json !== null && { metadata: JSON.parse(row.metadata_json) }),
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

/** Text that is not JSON is not a grant either; reading it as a grant allows nothing. */
function readGrantJson(text: string): TokenRecord['grant'] {
  try {
    return JSON.parse(text);
  } catch {
    return { actions: [] };
  }
}
