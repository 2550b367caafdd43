import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/** Creates the table of `PinTables`. A released migration is never changed. */
export const pinMigrations: Migrations = {
  '0006-mcp-pins': async (database) => {
    await database.schema
      .createTable('mcp_pin')
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('tool', 'text', (column) => column.notNull())
      .addColumn('fingerprint', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('mcp_pin_key', ['server', 'tool'])
      .execute();
  },
};
