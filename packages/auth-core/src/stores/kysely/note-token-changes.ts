import { type Kysely, sql } from 'kysely';
import { channelOf, type StoreNames } from './store-names.ts';

/** A change of one of these is one of the token. When a token was last used is none. */
const COLUMNS = [
  'kind',
  'name',
  'metadata_json',
  'digest',
  'attenuation_key',
  'previous_json',
  'parent_id',
  'caveats_json',
  'grant_json',
  'owner',
  'project',
  'expires_at',
  'revoked_at',
  'version',
];

/**
 * Makes PostgreSQL note each token that is inserted, changed or deleted, by any client, in the table `token_changes`, in
 * the same transaction, and send one notification for each transaction. The notification says only that there is
 * something to read: whatever becomes of it, the note is there. A transaction's number orders what others can see.
 */
export async function noteTokenChanges(database: Kysely<unknown>, names: StoreNames): Promise<void> {
  await database.schema
    .createTable('token_changes')
    .addColumn('position', 'bigserial', (column) => column.primaryKey())
    .addColumn('transaction_id', 'bigint', (column) => column.notNull())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('ended', 'boolean', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .execute();
  await database.schema
    .createIndex('token_changes_order')
    .on('token_changes')
    .columns(['transaction_id', 'position'])
    .execute();
  const [tokens, changes, note] = ['tokens', 'token_changes', 'latchkey_note_token'].map((name) => sql.table(name));
  const steps = [
    sql`drop trigger tokens_come_or_go on ${tokens}`,
    sql`drop trigger tokens_change on ${tokens}`,
    sql`drop function ${sql.table('latchkey_tell_token')}()`,
    sql`create function ${note}() returns trigger language plpgsql as $$
      begin
        insert into ${changes} (transaction_id, token_id, ended, at) values (
          txid_current(),
          coalesce(new.id, old.id),
          tg_op = 'DELETE' or new.revoked_at is not null,
          clock_timestamp()
        );
        perform pg_notify(${sql.lit(channelOf(names))}, '');
        return null;
      end
    $$`,
    sql`create trigger tokens_come_or_go after insert or delete on ${tokens}
      for each row execute function ${note}()`,
    sql`create trigger tokens_change after update of ${sql.raw(COLUMNS.join(', '))} on ${tokens}
      for each row execute function ${note}()`,
  ];
  for (const step of steps) await step.execute(database);
}
