import { type Kysely, sql } from 'kysely';
import type { ConversationTables } from './schema.ts';

/** Deletes the turns that were stored before a time (RFC 3339), but for those that a newer one goes on from. */
export async function forgetTurns(database: Kysely<ConversationTables>, before: string): Promise<void> {
  // The ends of a conversation go first; what they went on from is an end then.
  for (let found = true; found; ) {
    const { numDeletedRows } = await database
      .deleteFrom('conversation_turn')
      .where('created_at', '<', before)
      .where(
        sql<boolean>`not exists (select 1 from conversation_turn later where later.parent_id = conversation_turn.id)`,
      )
      .executeTakeFirstOrThrow();
    found = (numDeletedRows ?? 0n) > 0n;
  }
}
