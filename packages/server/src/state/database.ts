import type { LimitStore, TokenStore } from '@latchkey/auth-core';
import {
  createKyselyLimitStore,
  createKyselyTokenStore,
  migrate,
  openSqlite,
  type TokenSchema,
  tokenMigrations,
} from '@latchkey/auth-core/stores/kysely';
import type { Kysely } from 'kysely';
import { conversationMigrations } from '../conversations/migrations.ts';
import type { ConversationTables } from '../conversations/schema.ts';

/** What is kept where. */
export interface Database {
  readonly tokens: TokenStore;
  readonly limits: LimitStore;
  readonly conversations: Kysely<ConversationTables>;
}

/** Everything that is kept, in one SQLite file: auth-core's tables and the server's own, migrated apart. */
export async function openDatabase(path: string, owner: AsyncDisposableStack): Promise<Database> {
  const database = openSqlite<TokenSchema & ConversationTables>(path);
  owner.defer(() => database.destroy());
  await migrate(database, tokenMigrations, 'token_migrations');
  await migrate(database, conversationMigrations, 'server_migrations');
  return {
    tokens: createKyselyTokenStore(database),
    limits: createKyselyLimitStore(database),
    // kysely's types know no "at least these tables"; the migrations above have made them.
    conversations: database as unknown as Kysely<ConversationTables>,
  };
}
