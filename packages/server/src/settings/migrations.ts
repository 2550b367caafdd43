import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/** Creates the table of `SettingsTables`. A released migration is never changed. */
export const settingsMigrations: Migrations = {
  '0002-settings': async (database) => {
    await database.schema
      .createTable('installation_settings')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('document', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('updated_at', 'text', (column) => column.notNull())
      .execute();
  },
};
