import { type Kysely, sql } from 'kysely';
import { channelOf, type StoreNames } from './store-names.ts';

/**
 * Makes PostgreSQL send a notification with the id of each token that is inserted, changed or deleted, by any client,
 * in the same transaction. A new last-used time is not a change.
 */
export async function tellChangedTokens<Schema>(database: Kysely<Schema>, names: StoreNames): Promise<void> {
  const [tokens, tell] = [sql.table('tokens'), sql.table('latchkey_tell_token')];
  const steps = [
    sql`create function ${tell}() returns trigger language plpgsql as $$
      begin
        perform pg_notify(${sql.lit(channelOf(names))}, coalesce(new.id, old.id));
        return null;
      end
    $$`,
    sql`create trigger tokens_come_or_go after insert or delete on ${tokens}
      for each row execute function ${tell}()`,
    sql`create trigger tokens_change after update on ${tokens} for each row
      when (to_jsonb(old) - 'last_used_at' is distinct from to_jsonb(new) - 'last_used_at')
      execute function ${tell}()`,
  ];
  for (const step of steps) await step.execute(database);
}
