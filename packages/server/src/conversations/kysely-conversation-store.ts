import { type Kysely, sql } from 'kysely';
import type { ChatMessage } from '../contracts/chat-message.ts';
import type { ConversationStore } from '../contracts/conversation-store.ts';
import type { ConversationTables } from './schema.ts';

/**
 * Conversations in SQL. A turn holds only what it added; a conversation is the walk from a turn to its root, and
 * every step of it belongs to the same owner and project.
 */
export function createKyselyConversationStore(db: Kysely<ConversationTables>): ConversationStore {
  return {
    save: async (turn) => {
      await db
        .insertInto('conversation_turn')
        .values({
          id: turn.id,
          owner: turn.owner,
          project: turn.project,
          model: turn.model,
          parent_id: turn.parentId,
          messages: JSON.stringify(turn.messages),
          created_at: turn.createdAt,
        })
        .execute();
    },

    load: async (id, owner, project) => {
      const { rows } = await sql<{ messages: string }>`
        with recursive line (id, parent_id, messages, depth) as (
          select id, parent_id, messages, 0 from conversation_turn
          where id = ${id} and owner = ${owner} and project is not distinct from ${project}
          union all
          select turn.id, turn.parent_id, turn.messages, line.depth + 1 from conversation_turn turn
          join line on turn.id = line.parent_id
          where turn.owner = ${owner} and turn.project is not distinct from ${project}
        )
        select messages from line order by depth desc`.execute(db);
      if (rows.length === 0) return undefined;
      return rows.flatMap((row) => JSON.parse(row.messages) as ChatMessage[]);
    },
  };
}
