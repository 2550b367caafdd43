import { join } from 'node:path';
import { migrate, openSqlite } from '@latchkey/auth-core/stores/kysely';
import { onTestFinished } from 'vitest';
import { createKyselySettingsStore, type SettingsStore } from '../../src/settings/kysely-settings-store.ts';
import { settingsMigrations } from '../../src/settings/migrations.ts';
import type { SettingsTables } from '../../src/settings/schema.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** The settings of an installation in a database of its own, or in the one at `path`. */
export async function openSettings(path = join(temporaryFolder(), 'test.db')): Promise<SettingsStore> {
  const database = openSqlite<SettingsTables>(path);
  onTestFinished(() => database.destroy());
  await migrate(database, settingsMigrations, 'server_migrations');
  return createKyselySettingsStore(database);
}
