import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/** What makes the table of `KeyedRequestTables`. A migration that was released is never changed. */
export const keyedRequestMigrations: Migrations = {
  '0011-keyed-requests': async (database) => {
    await database.schema
      .createTable('keyed_request')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('authority', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('answer', 'text')
      .addColumn('answer_bytes', 'integer', (column) => column.notNull())
      .addColumn('answer_until', 'text', (column) => column.notNull())
      .addColumn('alive_until', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .execute();
    await database.schema
      .createIndex('keyed_request_root')
      .on('keyed_request')
      .columns(['root_id', 'created_at'])
      .execute();
  },
};
