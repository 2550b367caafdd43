import { join } from 'node:path';
import { migrate, openSqlite } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import { pinMigrations } from '../../src/mcp-pins/migrations.ts';
import type { PinTables } from '../../src/mcp-pins/schema.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** A new database with the table of approved definitions. */
export async function openPinTables(): Promise<Kysely<PinTables>> {
  const database = openSqlite<PinTables>(join(temporaryFolder(), 'test.db'));
  onTestFinished(() => database.destroy());
  await migrate(database, pinMigrations, 'server_migrations');
  return database;
}
