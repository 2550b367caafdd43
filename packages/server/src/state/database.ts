import type { TokenStore } from '@latchkey/auth-core';
import {
  createKyselyTokenStore,
  migrate,
  openSqlite,
  type TokenSchema,
  tokenMigrations,
} from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { conversationMigrations } from '../conversations/migrations.ts';
import type { ConversationTables } from '../conversations/schema.ts';

/** Everything that is kept, in one SQLite file: auth-core's tables and the server's own, migrated apart. */
export async function openDatabase(
  path: string,
  owner: AsyncDisposableStack,
): Promise<{ readonly tokens: TokenStore; readonly conversations: Kysely<ConversationTables> }> {
  const database = openSqlite<TokenSchema & ConversationTables>(path);
  owner.defer(() => database.destroy());
  await migrate(database, tokenMigrations, 'token_migrations');
  await migrate(database, conversationMigrations, 'server_migrations');
  // kysely's types know no "at least these tables"; the migrations above have made them.
  return { tokens: createKyselyTokenStore(database), conversations: database as unknown as Kysely<ConversationTables> };
}
