import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/** What makes the tables of `ConversationTables`. A migration that was released is never changed. */
export const conversationMigrations: Migrations = {
  '0001-conversation-turns': async (database) => {
    await database.schema
      .createTable('conversation_turn')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('project', 'text')
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('parent_id', 'text', (column) => column.references('conversation_turn.id'))
      .addColumn('messages', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('conversation_turn_owner')
      .on('conversation_turn')
      .columns(['owner', 'created_at'])
      .execute();
  },
  '0007-waiting-turns': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('waiting', 'text').execute();
  },
  '0010-turn-states': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('state', 'text').execute();
    await database.schema.alterTable('conversation_turn').addColumn('begun', 'text').execute();
  },
  '0013-turn-makers': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('made_by', 'text').execute();
    await database.schema
      .createIndex('conversation_turn_parent')
      .on('conversation_turn')
      .columns(['parent_id'])
      .execute();
  },
  '0016-turn-beats': async (database) => {
    await database.schema.alterTable('conversation_turn').addColumn('beat', 'integer').execute();
  },
};
