import { join } from 'node:path';
import { migrate, openSqlite } from '@latchkey/auth-core/stores/kysely';
import { onTestFinished } from 'vitest';
import { createKyselyUsageStore, type UsageStore } from '../../src/usage/kysely-usage-store.ts';
import { usageMigrations } from '../../src/usage/migrations.ts';
import type { UsageTables } from '../../src/usage/schema.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** What was used, in a database of its own, or in the one at `path`. */
export async function openUsage(path = join(temporaryFolder(), 'test.db')): Promise<UsageStore> {
  const database = openSqlite<UsageTables>(path);
  onTestFinished(() => database.destroy());
  await migrate(database, usageMigrations, 'server_migrations');
  return createKyselyUsageStore(database);
}
