import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { AuditBatch, AuditEntry, AuditQuery, AuditStore, SealedAuditHead } from '../../audit/audit-store.ts';
import { isJsonObject } from '../../schema/json-value.ts';
import { retryConflicts } from './retry-conflicts.ts';
import type { AuditEntriesTable, AuditHeadTable, AuditSchema } from './schema.ts';

/** The one row of the table `audit_head`. */
const HEAD_ID = 1;
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
export function createKyselyAuditStore<Schema>(database: Kysely<Schema>): AuditStore {
  // A server's own schema need not declare these tables; the migrations create them.
  const tables = database as unknown as Kysely<AuditSchema>;
  let closed = false;

  function open(): Kysely<AuditSchema> {
    if (closed) throw new Error('the audit store is closed');
    return tables;
  }

  function transact(write: (transaction: Transaction<AuditSchema>) => Promise<void>): Promise<void> {
    return open().transaction().execute(write);
  }

  return {
    database,
    async append(chain, act) {
      const write = async () =>
        transact(async (transaction) => {
          if (act !== undefined && !(await act(transaction))) return;
          await writeBatch(transaction, await chain(await lockHead(transaction), readFrom(transaction)));
        });
      // The act may hold locks that it took before the head's, so its transaction can deadlock with another one.
      await (act === undefined ? write() : retryConflicts(write));
    },
    async trim(chain) {
      await transact(async (transaction) => {
        const batch = await chain(await lockHead(transaction), readFrom(transaction));
        if (batch === undefined) return;
        await writeBatch(transaction, batch);
        const through = batch.head.start?.seq ?? 0;
        for (const table of ['audit_entries', 'audit_checkpoints'] as const) {
          await transaction.deleteFrom(table).where('seq', '<=', through).execute();
        }
      });
    },
    read: async (query) => readFrom(open())(query),
    async head() {
      const row = await open().selectFrom('audit_head').selectAll().where('id', '=', HEAD_ID).executeTakeFirst();
      return row && toHead(row);
    },
    async checkpoints() {
      const rows = await open().selectFrom('audit_checkpoints').selectAll().orderBy('seq').execute();
      return rows.map(({ seq, hash, seal }) => ({ seq: Number(seq), hash, seal }));
    },
    async close() {
      closed = true;
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
  transaction: Transaction<AuditSchema>,
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
async function lockHead(transaction: Transaction<AuditSchema>): Promise<SealedAuditHead | undefined> {
  const row = await transaction
    .insertInto('audit_head')
    .values(NO_HEAD)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(({ ref }) => ({ seal: ref('audit_head.seal') })))
    .returningAll()
    .executeTakeFirstOrThrow();
  return toHead(row);
}

function toHead({ seq, hash, start_seq, start_hash, seal }: Selectable<AuditHeadTable>): SealedAuditHead | undefined {
  if (seal === '') return undefined;
  const start = start_seq === null ? {} : { start: { seq: Number(start_seq), hash: start_hash ?? '' } };
  return { seq: Number(seq), hash, ...start, seal };
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
  const { seq, at, type, actor, project, subject, details, previousHash, hash } = entry;
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
    previous_hash: previousHash,
    hash,
  };
}

type Writable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

/** Sets field by field: a spread object per optional field takes ten times as long, and a log has a million entries. */
function toEntry(row: Selectable<AuditEntriesTable>): AuditEntry {
  const entry: Partial<Writable<AuditEntry>> = {
    seq: Number(row.seq),
    at: row.at,
    type: row.type,
    actor: readActor(row),
  };
  if (row.project !== null) entry.project = row.project;
  if (row.subject !== null) entry.subject = row.subject;
  if (row.details_json !== null) entry.details = readDetailsJson(row.details_json);
  entry.previousHash = row.previous_hash;
  entry.hash = row.hash;
  return entry as AuditEntry;
}

function readActor(row: Selectable<AuditEntriesTable>): AuditEntry['actor'] {
  const actor: Writable<AuditEntry['actor']> = {};
  if (row.actor_id !== null) actor.id = row.actor_id;
  if (row.actor_name !== null) actor.name = row.actor_name;
  if (row.actor_owner !== null) actor.owner = row.actor_owner;
  if (row.root_id !== null) actor.rootId = row.root_id;
  if (row.actor_address !== null) actor.address = row.actor_address;
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
