import type { Kysely, Migration } from 'kysely';

/** Numbered; a migration that was released is never changed. */
export const conversationMigrations: Record<string, Migration> = {
  '0001-conversation-turns': {
    up: async (db: Kysely<unknown>) => {
      await db.schema
        .createTable('conversation_turn')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('project', 'text')
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('parent_id', 'text', (column) => column.references('conversation_turn.id').onDelete('restrict'))
        .addColumn('messages', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('conversation_turn_owner')
        .on('conversation_turn')
        .columns(['owner', 'created_at'])
        .execute();
    },
  },
};
