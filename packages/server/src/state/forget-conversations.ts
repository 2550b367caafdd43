import { type Kysely, sql } from 'kysely';
import type { ConversationTables } from '../conversations/schema.ts';
import type { Database } from './database.ts';

/**
 * Removes conversations that are too old, and those of tokens that were revoked or removed, which no caller can reach.
 */
export async function forgetConversations(
  { conversations, tokens }: Pick<Database, 'conversations' | 'tokens'>,
  before: Date,
): Promise<void> {
  await forgetTurns(conversations, before.toISOString());
  await forgetOwners(conversations, async (owner) => {
    // Callers without a token have none that could end.
    if (owner.startsWith('local:')) return false;
    const record = await tokens.find(owner);
    return record === undefined || record.revokedAt !== undefined;
  });
}

/** Deletes the turns that were stored before a time (RFC 3339), except those that a newer turn continues. */
export async function forgetTurns(database: Kysely<ConversationTables>, before: string): Promise<void> {
  // The last turns of conversations are deleted first; the turns before them are the last ones then.
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

/** Deletes the turns of owners that have ended: no token can reach them. */
async function forgetOwners(
  database: Kysely<ConversationTables>,
  hasEnded: (owner: string) => Promise<boolean>,
): Promise<void> {
  const rows = await database.selectFrom('conversation_turn').select('owner').distinct().execute();
  for (const { owner } of rows) {
    if (await hasEnded(owner)) await database.deleteFrom('conversation_turn').where('owner', '=', owner).execute();
  }
}
