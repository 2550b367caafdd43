import { forgetOwners } from '../conversations/forget-owners.ts';
import { forgetTurns } from '../conversations/forget-turns.ts';
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
