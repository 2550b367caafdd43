import type { ChatMessage } from '@latchkey/engine';
import { type Kysely, sql } from 'kysely';
import type { ConversationStore, WaitingToolCall } from '../contracts/conversation-store.ts';
import type { ConversationTables } from './schema.ts';

/**
 * Conversations in SQL. A turn holds only what it added; a conversation is the walk from a turn to its root, and
 * every step of it belongs to the same owner and project.
 */
export function createKyselyConversationStore(db: Kysely<ConversationTables>): ConversationStore {
  return {
    save: async (turn) => {
      const progress = {
        messages: JSON.stringify(turn.messages),
        waiting: turn.waiting === undefined ? null : JSON.stringify(turn.waiting),
        state: turn.state,
        begun: turn.begun ?? null,
      };
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('conversation_turn')
        .values({
          id: turn.id,
          owner: turn.owner,
          project: turn.project,
          model: turn.model,
          parent_id: turn.parentId,
          created_at: turn.createdAt,
          ...progress,
        })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet(progress).where('conversation_turn.owner', '=', turn.owner),
        )
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) throw new Error(`Turn ${turn.id} is somebody else's.`);
    },

    load: async (id, owner, project) => {
      const { rows } = await sql<{ messages: string; waiting: string | null; begun: string | null }>`
        with recursive line (id, parent_id, messages, waiting, begun, depth) as (
          select id, parent_id, messages, waiting, begun, 0 from conversation_turn
          where id = ${id} and owner = ${owner} and project is not distinct from ${project}
          union all
          select turn.id, turn.parent_id, turn.messages, turn.waiting, turn.begun, line.depth + 1 from conversation_turn turn
          join line on turn.id = line.parent_id
          where turn.owner = ${owner} and turn.project is not distinct from ${project}
        )
        select messages, waiting, begun from line order by depth desc`.execute(db);
      const last = rows.at(-1);
      if (last === undefined) return undefined;
      return {
        messages: rows.flatMap((row) => JSON.parse(row.messages) as ChatMessage[]),
        ...(last.waiting === null ? {} : { waiting: JSON.parse(last.waiting) as WaitingToolCall }),
        ...(last.begun === null ? {} : { begun: last.begun }),
      };
    },
  };
}
