import type { Insertable, Kysely } from 'kysely';
import type { AuditBatch, AuditEntry, AuditQuery, AuditStore, SealedAuditHead } from '../../audit/audit-store.ts';
import { isJsonObject } from '../../schema/json-value.ts';
import { readChainedText, readChainedTextOrNull, readInteger, readIntegerOrNull } from './read-column.ts';
import type { AuditEntriesTable, AuditSchema } from './schema.ts';
import type { StoreNames } from './store-names.ts';
import { openTables } from './store-tables.ts';

/** The one row of the table `audit_head`. */
const HEAD_ID = 1;
const HEAD_COLUMNS = ['seq', 'hash', 'start_seq', 'start_hash', 'seal'] as const;
/** An empty seal means that there is no head: the row exists only to be locked. */
const NO_HEAD = { id: HEAD_ID, seq: 0, hash: '', start_seq: null, start_hash: null, seal: '' };

/**
 * Keeps an audit log in the tables `audit_entries`, `audit_checkpoints` and `audit_head` of a database that
 * kysely speaks to; `tokenMigrations` creates them. Processes that share the database append to the same log.
 *
 * The caller owns the database: closing the store does not close it.
 *
 * @example
 * ```ts
 * import { createAuditLog } from '@latchkey/auth-core';
 * import { createKyselyAuditStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
 * import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
 *
 * const database = openSqlite('/var/lib/my-server/state.db');
 * await migrate(database, tokenMigrations, 'token_migrations');
 *
 * const key = crypto.getRandomValues(new Uint8Array(32)); // keep it, outside the database
 * export const log = createAuditLog({ store: createKyselyAuditStore(database), key });
 * ```
 */
export function createKyselyAuditStore<Schema>(database: Kysely<Schema>, names: StoreNames = {}): AuditStore {
  const { open, transact, close } = openTables<AuditSchema>(database, names, 'audit store');

  return {
    database,
    // The act may hold locks that it took before the head's, so its transaction can deadlock with another one.
    async append(chain, act, given) {
      const extend = async (transaction: Kysely<AuditSchema>): Promise<void> =>
        writeBatch(transaction, await chain(await lockHead(transaction), readFrom(transaction)));
      const tables = open(given);
      if (act === undefined) return transact(extend, given);
      if (!tables.isTransaction) {
        return transact(async (transaction) => {
          if (await act(transaction)) await extend(transaction);
        });
      }
      // In a transaction of the host, only the entry has to be alone: the act may record another one.
      if (await act(tables)) await transact(extend, given);
    },
    trim: (chain) =>
      transact(async (transaction) => {
        const batch = await chain(await lockHead(transaction), readFrom(transaction));
        if (batch === undefined) return;
        await writeBatch(transaction, batch);
        const through = batch.head.start?.seq ?? 0;
        for (const table of ['audit_entries', 'audit_checkpoints'] as const) {
          await transaction.deleteFrom(table).where('seq', '<=', through).execute();
        }
      }),
    read: async (query) => readFrom(open())(query),
    async head() {
      const row = await open()
        .selectFrom('audit_head')
        .select(HEAD_COLUMNS)
        .where('id', '=', HEAD_ID)
        .executeTakeFirst();
      return row && toHead(row);
    },
    async checkpoints() {
      const rows = await open().selectFrom('audit_checkpoints').selectAll().orderBy('seq').execute();
      return rows.map((row) => ({
        seq: readInteger(row, 'seq'),
        hash: readChainedText(row, 'hash'),
        seal: readChainedText(row, 'seal'),
      }));
    },
    async close() {
      close();
    },
  };
}

function readFrom(database: Kysely<AuditSchema>): AuditStore['read'] {
  return async (query) => {
    const rows = await select(database, query).orderBy('seq').limit(query.limit).execute();
    return rows.map(toEntry);
  };
}

async function writeBatch(
  transaction: Kysely<AuditSchema>,
  { entries, head: { seq, hash, start, seal }, checkpoint }: AuditBatch,
): Promise<void> {
  if (entries.length > 0) await transaction.insertInto('audit_entries').values(entries.map(toRow)).execute();
  if (checkpoint !== undefined) await transaction.insertInto('audit_checkpoints').values(checkpoint).execute();
  await transaction
    .updateTable('audit_head')
    .set({ seq, hash, start_seq: start?.seq ?? null, start_hash: start?.hash ?? null, seal })
    .where('id', '=', HEAD_ID)
    .execute();
}

/** Creates the head's row if it is missing, and locks it until the transaction ends. */
async function lockHead(transaction: Kysely<AuditSchema>): Promise<SealedAuditHead | undefined> {
  const row = await transaction
    .insertInto('audit_head')
    .values(NO_HEAD)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(({ ref }) => ({ seal: ref('audit_head.seal') })))
    .returning(HEAD_COLUMNS)
    .executeTakeFirstOrThrow();
  return toHead(row);
}

function toHead(row: object): SealedAuditHead | undefined {
  const seal = readChainedText(row, 'seal');
  if (seal === '') return undefined;
  const startSeq = readIntegerOrNull(row, 'start_seq');
  return {
    seq: readInteger(row, 'seq'),
    hash: readChainedText(row, 'hash'),
    ...(startSeq !== null && { start: { seq: startSeq, hash: readChainedText(row, 'start_hash') } }),
    seal,
  };
}

function select(database: Kysely<AuditSchema>, query: AuditQuery) {
  const { after, type, actorId, rootId, project, subject, since, until } = query;
  return database
    .selectFrom('audit_entries')
    .selectAll()
    .$if(after !== undefined, (rows) => rows.where('seq', '>', after ?? 0))
    .$if(type !== undefined, (rows) => rows.where('type', '=', type ?? ''))
    .$if(actorId !== undefined, (rows) => rows.where('actor_id', '=', actorId ?? ''))
    .$if(rootId !== undefined, (rows) => rows.where('root_id', '=', rootId ?? ''))
    .$if(project !== undefined, (rows) => rows.where('project', '=', project ?? ''))
    .$if(subject !== undefined, (rows) => rows.where('subject', '=', subject ?? ''))
    .$if(since !== undefined, (rows) => rows.where('at', '>=', since ?? ''))
    .$if(until !== undefined, (rows) => rows.where('at', '<', until ?? ''));
}

function toRow(entry: AuditEntry): Insertable<AuditEntriesTable> {
  const { seq, at, type, actor, project, subject, details, keyId, previousHash, hash } = entry;
  return {
    seq,
    at,
    type,
    actor_id: actor.id ?? null,
    actor_name: actor.name ?? null,
    actor_owner: actor.owner ?? null,
    root_id: actor.rootId ?? null,
    actor_address: actor.address ?? null,
    project: project ?? null,
    subject: subject ?? null,
    details_json: details === undefined ? null : JSON.stringify(details),
    key_id: keyId ?? null,
    previous_hash: previousHash,
    hash,
  };
}

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** Sets field by field: a spread object per optional field takes ten times as long, and a log has a million entries. */
function toEntry(row: object): AuditEntry {
  const entry: Partial<Writable<AuditEntry>> = {
    seq: readInteger(row, 'seq'),
    at: readChainedText(row, 'at'),
    type: readChainedText(row, 'type'),
    actor: readActor(row),
  };
  const project = readChainedTextOrNull(row, 'project');
  if (project !== null) entry.project = project;
  const subject = readChainedTextOrNull(row, 'subject');
  if (subject !== null) entry.subject = subject;
  const details = readChainedTextOrNull(row, 'details_json');
  if (details !== null) entry.details = readDetailsJson(details);
  const keyId = readChainedTextOrNull(row, 'key_id');
  if (keyId !== null) entry.keyId = keyId;
  entry.previousHash = readChainedText(row, 'previous_hash');
  entry.hash = readChainedText(row, 'hash');
  return entry as AuditEntry;
}

const ACTOR_COLUMNS = [
  ['id', 'actor_id'],
  ['name', 'actor_name'],
  ['owner', 'actor_owner'],
  ['rootId', 'root_id'],
  ['address', 'actor_address'],
] as const;

function readActor(row: object): AuditEntry['actor'] {
  const actor: Writable<AuditEntry['actor']> = {};
  for (const [field, column] of ACTOR_COLUMNS) {
    const value = readChainedTextOrNull(row, column);
    if (value !== null) actor[field] = value;
  }
  return actor;
}

/** Text that is not a JSON object was not written by the log, and does not match its hash either. */
function readDetailsJson(text: string): NonNullable<AuditEntry['details']> {
  try {
    const details: unknown = JSON.parse(text);
    if (isJsonObject(details)) return details as NonNullable<AuditEntry['details']>;
  } catch {
    // Handled below.
  }
  return { unreadable: true };
}
