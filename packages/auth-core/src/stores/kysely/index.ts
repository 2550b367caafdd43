/*
 * The public API of @latchkey/auth-core/stores/kysely. Everything exported here is public.
 */

export type { OpenTransaction } from './end-of-transaction.ts';
export { createKyselyAuditStore } from './kysely-audit-store.ts';
export { createKyselyLimitStore } from './kysely-limit-store.ts';
export { createKyselyPersonStore, personMigrations } from './kysely-person-store.ts';
export { createKyselySigningKeyStore } from './kysely-signing-key-store.ts';
export { createKyselyTokenStore } from './kysely-store.ts';
export type { MigrateOptions, Migration, Migrations } from './migrate.ts';
export { migrate } from './migrate.ts';
export { tokenMigrations } from './migrations.ts';
export type { AuthOver } from './over.ts';
export { over } from './over.ts';
export type {
  AuditEntriesTable,
  AuditHeadTable,
  AuditSchema,
  DigestKeysTable,
  LimitCreditsTable,
  LimitLeasesTable,
  LimitSchema,
  LimitWindowsTable,
  PersonalTextsTable,
  PersonSchema,
  SigningKeySchema,
  SigningKeysTable,
  TokenSchema,
  TokensTable,
} from './schema.ts';
export type { StoreNames } from './store-names.ts';
