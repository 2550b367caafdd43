import type { Migrations } from '@latchkey/auth-core/stores/kysely';

/** What makes the table of `ApprovalTables`. A migration that was released is never changed. */
export const approvalMigrations: Migrations = {
  '0005-approvals': async (database) => {
    await database.schema
      .createTable('approval')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('root_id', 'text', (column) => column.notNull())
      .addColumn('token_id', 'text', (column) => column.notNull())
      .addColumn('token_name', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('project', 'text')
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('tool', 'text', (column) => column.notNull())
      .addColumn('arguments', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('answer_id', 'text')
      .addColumn('answer', 'text')
      .addColumn('refusal', 'text')
      .addColumn('requested_at', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text', (column) => column.notNull())
      .addColumn('alive_until', 'text', (column) => column.notNull())
      .addColumn('response_id', 'text')
      .execute();
  },
  '0009-approval-argument-names': async (database) => {
    await database.schema.alterTable('approval').addColumn('argument_names', 'text').execute();
  },
  '0012-approval-decisions': async (database) => {
    for (const name of ['chain', 'decided_by', 'decided_digest']) {
      await database.schema.alterTable('approval').addColumn(name, 'text').execute();
    }
  },
  '0017-approval-takers': async (database) => {
    await database.schema.alterTable('approval').addColumn('taken_by', 'text').execute();
  },
};
