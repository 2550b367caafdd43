import type { Kysely } from 'kysely';
import type { ConversationTables } from './schema.ts';

/** Deletes the turns of owners that have ended: no token can reach them any more. */
export async function forgetOwners(
  database: Kysely<ConversationTables>,
  hasEnded: (owner: string) => Promise<boolean>,
): Promise<void> {
  const rows = await database.selectFrom('conversation_turn').select('owner').distinct().execute();
  for (const { owner } of rows) {
    if (await hasEnded(owner)) await database.deleteFrom('conversation_turn').where('owner', '=', owner).execute();
  }
}
