import { forgetOwners } from '../conversations/forget-owners.ts';
import { forgetTurns } from '../conversations/forget-turns.ts';
import type { Database } from './database.ts';

/** Forgets what is too old, and what was stored for tokens that were revoked or removed: nothing can reach that any more. */
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
