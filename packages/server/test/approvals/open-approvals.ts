import { join } from 'node:path';
import { migrate, openSqlite } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import { approvalMigrations } from '../../src/approvals/migrations.ts';
import type { ApprovalTables } from '../../src/approvals/schema.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** A new database with the table of approvals. */
export async function openApprovalTables(): Promise<Kysely<ApprovalTables>> {
  const database = openSqlite<ApprovalTables>(join(temporaryFolder(), 'test.db'));
  onTestFinished(() => database.destroy());
  await migrate(database, approvalMigrations, 'server_migrations');
  return database;
}
