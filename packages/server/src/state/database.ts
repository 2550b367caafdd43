import type { TokenStore } from '@latchkey/auth-core';
import { createKyselyTokenStore, migrate, openSqlite, type TokenTables } from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { conversationMigrations } from '../conversations/migrations.ts';
import type { ConversationTables } from '../conversations/schema.ts';

/** Everything that is kept, in one SQLite file: auth-core's tables and the server's own, migrated apart. */
export async function openDatabase(
  path: string,
  owner: AsyncDisposableStack,
): Promise<{ readonly tokens: TokenStore; readonly conversations: Kysely<ConversationTables> }> {
  const db = openSqlite<TokenTables & ConversationTables>(path);
  owner.defer(() => db.destroy());
  const tokens = await createKyselyTokenStore(db);
  await migrate(db, conversationMigrations, 'latchkey_server_migration');
  return { tokens, conversations: db };
}
