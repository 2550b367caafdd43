import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/** What makes the table of `UsageTables`. A migration that was released is never changed. */
export const usageMigrations: Migrations = {
  '0003-usage': async (database) => {
    await database.schema
      .createTable('usage_days')
      .addColumn('day', 'text', (column) => column.notNull())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('project', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('requests', 'bigint', (column) => column.notNull())
      .addColumn('input_tokens', 'bigint', (column) => column.notNull())
      .addColumn('output_tokens', 'bigint', (column) => column.notNull())
      .addColumn('tool_calls', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('usage_days_key', ['day', 'root_id', 'project', 'model'])
      .execute();
  },
};
