import { type Insertable, type Kysely, sql } from 'kysely';
import type { StandingToken, TokenRecord, TokenStore } from '../../token/token-store.ts';
import { endTokens, fenceInsert } from './end-tokens.ts';
import { isPostgres } from './is-postgres.ts';
import { readInteger, readIntegerOrNull, readText, readTextOrNull } from './read-column.ts';
import type { TokenSchema, TokensTable } from './schema.ts';
import type { StoreNames } from './store-names.ts';
import { openTables, type StoreTables } from './store-tables.ts';
import { readStoredKeys, replaceStoredKeys } from './stored-keys.ts';
import { touchTokens } from './touch-tokens.ts';

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
  { watch, ...names }: Pick<TokenStore, 'watch'> & StoreNames = {},
): TokenStore {
  const tables = openTables<TokenSchema>(database, names, 'token store');
  const { open, close } = tables;

  return {
    database,
    over: (transaction) => createKyselyTokenStore(transaction as Kysely<Schema>, names),
    insert: (record, standing = [], transaction) =>
      insertWhile(tables, transaction, { record, standing }, async (tokens) => {
        const inserted = await tokens
          .insertInto('tokens')
          .values(toRow(record))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('id')
          .execute();
        return inserted.length === 1;
      }),
    async find(id) {
      const tokens = open();
      if (isBeyondText(id)) return undefined;
      const row = await tokens.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
      return row && toRecord(row);
    },
    update(record, expectedVersion, standing = [], transaction) {
      const { id, last_used_at: _, ...changes } = toRow(record);
      return writeWhile(tables, transaction, withOwn(standing, { id, version: expectedVersion }), async (tokens) => {
        const updated = await tokens
          .updateTable('tokens')
          .set(changes)
          .where('id', '=', id)
          .where('version', '=', expectedVersion)
          .returning('id')
          .execute();
        return updated.length === 1;
      });
    },
    async remove(id, expectedVersion, standing = [], transaction) {
      const own = { id, version: expectedVersion };
      if (isBeyondText(id)) return false;
      return writeWhile(tables, transaction, [own, ...standing], async (tokens) => {
        await tokens.deleteFrom('tokens').where('id', 'in', familyOf(id)).execute();
        return true;
      });
    },
    async endAll(query, choose, transaction) {
      open(transaction);
      if ([query.owner, query.project].some(isBeyondText)) return [];
      const ended = await tables.transact((tokens) => endTokens(tokens, query, choose, toRecord), transaction);
      return ended.sort(byPlace);
    },
    async countDerived({ parentId, through, createdBy, at, limit }) {
      const counted = await open()
        .withRecursive('derived(id)', (database) => {
          const first = database
            .selectFrom('tokens')
            .select('tokens.id')
            .where('parent_id', '=', parentId)
            .where(isLive(at))
            // A wildcard character in an id makes it match more rows, so the count can only be too high.
            .$if(through !== undefined, (query) =>
              query.where('caveats_json', 'like', `%"id":${JSON.stringify(through)}%`),
            )
            .$if(createdBy !== undefined, (query) => query.where('created_by', '=', createdBy ?? ''));
          if (createdBy !== undefined) return first;
          return first.union(
            database
              .selectFrom('tokens')
              .innerJoin('derived', 'derived.id', 'tokens.parent_id')
              .select('tokens.id')
              .where(isLive(at)),
          );
        })
        .selectFrom((from) => from.selectFrom('derived').select('id').limit(limit).as('counted'))
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      return readInteger(counted, 'count');
    },
    async list({ owner, project, parentId, parentIds, after, limit }) {
      const tokens = open();
      if ([owner, project, parentId].some(isBeyondText) || parentIds?.length === 0) return [];
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
        .$if(parentIds !== undefined, (query) => query.where('parent_id', 'in', parentIds ?? []))
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(toRecord);
    },
    async touch(lastUsed) {
      // A consistent lock order avoids deadlock.
      const uses = [...lastUsed].filter(([id]) => !isBeyondText(id)).sort(([left], [right]) => (left < right ? -1 : 1));
      await touchTokens(open(), uses);
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
    readKeys: async () => readStoredKeys(open()),
    replaceKeys: async (keys, expectedVersion) => replaceStoredKeys(open(), keys, expectedVersion),
    ...(watch !== undefined && {
      async watch(listener) {
        open();
        return watch(listener);
      },
    }),
    async close() {
      close();
    },
  };
}

/**
 * Writes if the standing tokens exist in their versions; returns false otherwise. Their rows are locked, in a
 * consistent order, until the write is done, so that they cannot change meanwhile.
 */
async function writeWhile(
  { open, transact }: StoreTables<TokenSchema>,
  given: unknown,
  standing: readonly StandingToken[],
  write: (tokens: Kysely<TokenSchema>) => Promise<boolean>,
): Promise<boolean> {
  const tokens = open(given);
  if (standing.length === 0) return write(tokens);
  return transact(async (transaction) => (await stand(transaction, standing)) && write(transaction), given);
}

/** As `writeWhile`, and not while the tokens of its owner or its project are being ended. */
async function insertWhile(
  tables: StoreTables<TokenSchema>,
  given: unknown,
  { record, standing }: { readonly record: TokenRecord; readonly standing: readonly StandingToken[] },
  write: (tokens: Kysely<TokenSchema>) => Promise<boolean>,
): Promise<boolean> {
  // In SQLite, the one transaction that writes is the only one. A token that has ended already needs no fence.
  const fenced = isPostgres(tables.open(given)) && record.revokedAt === undefined;
  if (!fenced) return writeWhile(tables, given, standing, write);
  return tables.transact(async (transaction) => {
    await fenceInsert(transaction, record);
    return (await stand(transaction, standing)) && write(transaction);
  }, given);
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
  const versions = new Map(rows.map((row) => [readText(row, 'id'), readInteger(row, 'version')]));
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
      select id from ${sql.table('tokens')} where id = ${id}
      union select child.id from ${sql.table('tokens')} as child join family on child.parent_id = family.id
    ) select id from family
  )`;
}

function isLive(at: string) {
  const [revokedAt, expiresAt] = [sql.ref('tokens.revoked_at'), sql.ref('tokens.expires_at')];
  return sql<boolean>`${revokedAt} is null and (${expiresAt} is null or ${expiresAt} > ${at})`;
}

/** Deletes tokens whose parent no longer exists, then those derived from them, until none is left. */
async function forgetOrphans(tokens: Kysely<TokenSchema>): Promise<void> {
  for (let found = true; found; ) {
    const deleted = await tokens
      .deleteFrom('tokens')
      .where('parent_id', 'is not', null)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('tokens as parent').select('parent.id').whereRef('parent.id', '=', 'tokens.parent_id'))),
      )
      .returning('id')
      .execute();
    found = deleted.length > 0;
  }
}

/** No row has a text with this character: PostgreSQL cannot store it, and rejects even a query for it. */
function isBeyondText(text: string | undefined): boolean {
  return text?.includes('\u0000') ?? false;
}

function byPlace(left: TokenRecord, right: TokenRecord): number {
  if (left.createdAt !== right.createdAt) return left.createdAt < right.createdAt ? -1 : 1;
  return left.id < right.id ? -1 : 1;
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

function toRecord(row: object): TokenRecord {
  const metadata = readTextOrNull(row, 'metadata_json');
  const previous = readTextOrNull(row, 'previous_json');
  const caveats = readTextOrNull(row, 'caveats_json');
  const rotateAfterSeconds = readIntegerOrNull(row, 'rotate_after_seconds');
  return {
    id: readText(row, 'id'),
    // The digest binds the kind, so a kind that was changed in the table verifies nothing.
    kind: readText(row, 'kind') as TokenRecord['kind'],
    name: readText(row, 'name'),
    ...(metadata !== null && { metadata: JSON.parse(metadata) }),
    digest: readText(row, 'digest'),
    ...(previous !== null && { previous: JSON.parse(previous) }),
    ...(caveats !== null && { caveats: JSON.parse(caveats) }),
    grant: readGrantJson(readText(row, 'grant_json')),
    owner: readText(row, 'owner'),
    createdAt: readText(row, 'created_at'),
    createdBy: readText(row, 'created_by'),
    ...readOptional(row),
    ...(rotateAfterSeconds !== null && { rotateAfterSeconds }),
    version: readInteger(row, 'version'),
  };
}

const OPTIONAL_TEXTS = [
  ['notes', 'notes'],
  ['attenuationKey', 'attenuation_key'],
  ['sealed', 'sealed'],
  ['stub', 'stub'],
  ['parentId', 'parent_id'],
  ['project', 'project'],
  ['expiresAt', 'expires_at'],
  ['revokedAt', 'revoked_at'],
  ['rotatedAt', 'rotated_at'],
  ['lastUsedAt', 'last_used_at'],
] as const;

type OptionalTexts = { -readonly [Field in (typeof OPTIONAL_TEXTS)[number][0]]?: string };

function readOptional(row: object): OptionalTexts {
  const texts: OptionalTexts = {};
  for (const [field, column] of OPTIONAL_TEXTS) {
    const value = readTextOrNull(row, column);
    if (value !== null) texts[field] = value;
  }
  return texts;
}

/** Text that is not JSON is not a grant either; reading it as a grant allows nothing. */
function readGrantJson(text: string): TokenRecord['grant'] {
  try {
    return JSON.parse(text);
  } catch {
    return { actions: [] };
  }
}
