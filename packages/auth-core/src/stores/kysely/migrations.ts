import type { Migrations } from './migrate.ts';

/** What makes and changes the tables of {@link TokenSchema} and {@link LimitSchema}; run them with {@link migrate}. */
export const tokenMigrations: Migrations = {
  '0001-tokens': async (database) => {
    await database.schema
      .createTable('tokens')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('grant_json', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('project', 'text')
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text')
      .addColumn('revoked_at', 'text')
      .addColumn('last_used_at', 'text')
      .addColumn('version', 'integer', (column) => column.notNull())
      .execute();
    await database.schema.createIndex('tokens_created').on('tokens').columns(['created_at', 'id']).execute();
  },
  '0002-limits': async (database) => {
    await database.schema
      .createTable('limit_windows')
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('window_end', 'bigint', (column) => column.notNull())
      .addColumn('used', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('limit_windows_key', ['key', 'window_end'])
      .execute();
    await database.schema
      .createTable('limit_leases')
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('lease_id', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('limit_leases_key', ['key', 'lease_id'])
      .execute();
    await database.schema.createIndex('limit_leases_id').on('limit_leases').column('lease_id').execute();
  },
};
