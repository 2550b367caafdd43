import { type Kysely, sql } from 'kysely';
import { TOKEN_CHANNEL } from './token-channel.ts';

/**
 * Makes PostgreSQL send a notification with the id of each token that is inserted, changed or deleted, by any client,
 * in the same transaction. A new last-used time is not a change.
 */
export async function tellChangedTokens<Schema>(database: Kysely<Schema>): Promise<void> {
  const steps = [
    `create function latchkey_tell_token() returns trigger language plpgsql as $$
      begin
        perform pg_notify('${TOKEN_CHANNEL}', coalesce(new.id, old.id));
        return null;
      end
    $$`,
    `create trigger tokens_come_or_go after insert or delete on tokens
      for each row execute function latchkey_tell_token()`,
    `create trigger tokens_change after update on tokens for each row
      when (to_jsonb(old) - 'last_used_at' is distinct from to_jsonb(new) - 'last_used_at')
      execute function latchkey_tell_token()`,
  ];
  for (const step of steps) await sql.raw(step).execute(database);
}
