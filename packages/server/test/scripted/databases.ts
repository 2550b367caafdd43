import { join } from 'node:path';
import { type Migrations, migrate } from '@latchkey/auth-core/stores/kysely';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import type { Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import type { ApprovalTables } from '../../src/approvals/schema.ts';
import type { ConversationStore } from '../../src/contracts/conversation-store.ts';
import { createKyselyConversationStore } from '../../src/conversations/kysely-conversation-store.ts';
import type { ConversationTables } from '../../src/conversations/schema.ts';
import type { KeyedRequestTables } from '../../src/idempotency/schema.ts';
import type { LoginTables } from '../../src/mcp-logins/schema.ts';
import type { PinTables } from '../../src/mcp-pins/schema.ts';
import { createKyselySettingsStore, type SettingsStore } from '../../src/settings/kysely-settings-store.ts';
import type { SettingsTables } from '../../src/settings/schema.ts';
import {
  approvalMigrations,
  conversationMigrations,
  keyedRequestMigrations,
  loginMigrations,
  pinMigrations,
  settingsMigrations,
  usageMigrations,
} from '../../src/state/migrations.ts';
import { createKyselyUsageStore, type UsageStore } from '../../src/usage/kysely-usage-store.ts';
import type { UsageTables } from '../../src/usage/schema.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A SQLite file of one part of the server: a new one, or the one at `path`. It is closed when the test is over. */
async function openTables<Tables>(
  migrations: Migrations,
  path = join(temporaryFolder(), 'test.db'),
): Promise<Kysely<Tables>> {
  const database = openSqlite<Tables>(path);
  onTestFinished(() => database.destroy());
  await migrate(database, migrations, 'server_migrations');
  return database;
}

export const openApprovalTables = (): Promise<Kysely<ApprovalTables>> => openTables(approvalMigrations);

export const openKeyedRequestTables = (path?: string): Promise<Kysely<KeyedRequestTables>> =>
  openTables(keyedRequestMigrations, path);

export const openLoginTables = (): Promise<Kysely<LoginTables>> => openTables(loginMigrations);

export const openPinTables = (): Promise<Kysely<PinTables>> => openTables(pinMigrations);

export const openConversations = async (): Promise<ConversationStore> =>
  createKyselyConversationStore(await openTables<ConversationTables>(conversationMigrations));

export const openSettings = async (path?: string): Promise<SettingsStore> =>
  createKyselySettingsStore(await openTables<SettingsTables>(settingsMigrations, path));

export const openUsage = async (path?: string): Promise<UsageStore> =>
  createKyselyUsageStore(await openTables<UsageTables>(usageMigrations, path));
