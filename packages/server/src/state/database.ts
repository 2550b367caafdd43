import { closeSync, openSync } from 'node:fs';
import type { AuditStore, LimitStore, TokenStore } from '@latchkey/auth-core';
import type { PersonStore } from '@latchkey/auth-core/erasure';
import type { SigningKeyStore } from '@latchkey/auth-core/jwt';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselyPersonStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  personMigrations,
  type TokenSchema,
  tokenMigrations,
} from '@latchkey/auth-core/stores/kysely';
import { openPostgres, watchPostgresTokens } from '@latchkey/auth-core/stores/postgres';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import { type Kysely, sql } from 'kysely';
import type { ApprovalTables } from '../approvals/schema.ts';
import { failureAt, isSystemError } from '../config/path-failure.ts';
import { requirePrivate } from '../config/private-path.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ConversationTables } from '../conversations/schema.ts';
import type { KeyedRequestTables } from '../idempotency/schema.ts';
import type { LoginTables } from '../mcp-logins/schema.ts';
import type { PinTables } from '../mcp-pins/schema.ts';
import type { ConnectionTables } from '../oauth-clients/schema.ts';
import type { AccountTables } from '../openid/schema.ts';
import type { SessionTables } from '../sessions/schema.ts';
import type { SettingsTables } from '../settings/schema.ts';
import type { UsageTables } from '../usage/schema.ts';
import type { WebhookTables } from '../webhooks/schema.ts';
import { type AdministratorTables, administratorMigrations } from './administrator.ts';
import {
  accountMigrations,
  approvalMigrations,
  connectionMigrations,
  conversationMigrations,
  keyedRequestMigrations,
  loginMigrations,
  pinMigrations,
  sessionMigrations,
  settingsMigrations,
  usageMigrations,
  webhookMigrations,
} from './migrations.ts';
import { type SecretTables, secretMigrations } from './same-secret.ts';
import { describeSqliteFailure, reasonOf } from './sqlite-failure.ts';

/** The tables of the server in which something of a person may be. */
export type ServerTables = AccountTables &
  ApprovalTables &
  ConnectionTables &
  ConversationTables &
  KeyedRequestTables &
  LoginTables &
  SessionTables &
  UsageTables &
  WebhookTables;

/** The stores of a database. */
export interface Database {
  readonly tokens: TokenStore;
  readonly limits: LimitStore;
  readonly audit: AuditStore;
  readonly signingKeys: SigningKeyStore;
  readonly accounts: Kysely<AccountTables>;
  readonly approvals: Kysely<ApprovalTables>;
  readonly conversations: Kysely<ConversationTables>;
  readonly keyedRequests: Kysely<KeyedRequestTables>;
  readonly connections: Kysely<ConnectionTables>;
  readonly logins: Kysely<LoginTables>;
  readonly pins: Kysely<PinTables>;
  readonly sessions: Kysely<SessionTables>;
  readonly settings: Kysely<SettingsTables>;
  readonly usage: Kysely<UsageTables>;
  readonly secret: Kysely<SecretTables>;
  readonly administrator: Kysely<AdministratorTables>;
  readonly webhooks: Kysely<WebhookTables>;
  readonly persons: PersonStore;
  /** Whether it is a SQLite file. */
  readonly isFile: boolean;
  /** The tables of the server in one. */
  readonly all: Kysely<ServerTables>;
}

/**
 * Opens all stores in one database: auth-core's tables and the server's own, migrated separately. `place` is the path
 * of a SQLite file, or the URL of a PostgreSQL database, which several servers can share.
 *
 * Throws ServerError `STORE_UNAVAILABLE` when PostgreSQL refuses the connection; the message contains no password.
 * Throws OperatorError for a file that cannot be used.
 */
export async function openDatabase(place: string, owner: AsyncDisposableStack): Promise<Database> {
  if (!isPostgres(place)) return openFile(place, owner);
  try {
    return await migrateTables(openPostgres<Tables>(place), owner, watchPostgresTokens(place));
  } catch (error) {
    throw new ServerError(
      'STORE_UNAVAILABLE',
      `The database ${withoutSecrets(place)} cannot be used: ${reasonOf(error)}. Look at the setting 'database' ` +
        '(LATCHKEY_DATABASE).',
    );
  }
}

async function openFile(file: string, owner: AsyncDisposableStack): Promise<Database> {
  try {
    makePrivate(file);
    requirePrivate(file, 'file');
    const database = openSqlite<Tables>(file);
    const migrated = await migrateTables(database, owner, undefined);
    // Deleted rows are overwritten: what was erased is not in the file any more.
    await sql`pragma secure_delete = on`.execute(database);
    return migrated;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    if (isSystemError(error)) throw failureAt(file, error);
    throw new OperatorError('unusable_database', `${file} cannot be used: ${describeSqliteFailure(error)}`, {
      cause: error,
    });
  }
}

/**
 * Makes the database file private. SQLite gives its companion files the same mode, and other users may have access to
 * the folder.
 */
function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
}

type Tables = TokenSchema & ConversationTables;

function isPostgres(place: string): boolean {
  return /^postgres(ql)?:/.test(place);
}

/** Returns user, host and name, which tell databases apart; other parts of a URL may be secret. */
function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return 'of that URL';
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}

async function migrateTables(
  database: Kysely<Tables>,
  owner: AsyncDisposableStack,
  watch: TokenStore['watch'],
): Promise<Database> {
  owner.defer(() => database.destroy());
  await migrate(database, tokenMigrations, 'token_migrations');
  await migrate(database, personMigrations, 'person_migrations');
  await migrate(
    database,
    {
      ...conversationMigrations,
      ...settingsMigrations,
      ...usageMigrations,
      ...secretMigrations,
      ...approvalMigrations,
      ...pinMigrations,
      ...loginMigrations,
      ...connectionMigrations,
      ...accountMigrations,
      ...administratorMigrations,
      ...keyedRequestMigrations,
      ...sessionMigrations,
      ...webhookMigrations,
    },
    'server_migrations',
  );
  return {
    tokens: createKyselyTokenStore(database, watch === undefined ? {} : { watch }),
    limits: createKyselyLimitStore(database),
    audit: createKyselyAuditStore(database),
    signingKeys: createKyselySigningKeyStore(database),
    // kysely's types cannot express "at least these tables"; the migrations above have created them.
    accounts: database as unknown as Kysely<AccountTables>,
    approvals: database as unknown as Kysely<ApprovalTables>,
    conversations: database as unknown as Kysely<ConversationTables>,
    keyedRequests: database as unknown as Kysely<KeyedRequestTables>,
    connections: database as unknown as Kysely<ConnectionTables>,
    logins: database as unknown as Kysely<LoginTables>,
    pins: database as unknown as Kysely<PinTables>,
    sessions: database as unknown as Kysely<SessionTables>,
    settings: database as unknown as Kysely<SettingsTables>,
    usage: database as unknown as Kysely<UsageTables>,
    secret: database as unknown as Kysely<SecretTables>,
    administrator: database as unknown as Kysely<AdministratorTables>,
    webhooks: database as unknown as Kysely<WebhookTables>,
    persons: createKyselyPersonStore(database),
    isFile: watch === undefined,
    all: database as unknown as Database['all'],
  };
}

/**
 * Finds out whether the database takes writes, and writes nothing: a transaction is begun and ended. Rejects with the
 * reason; for a SQLite file also when it was removed or replaced.
 */
export async function requireWritable({ all }: Pick<Database, 'all'>): Promise<void> {
  await all.transaction().execute(async () => {});
}
