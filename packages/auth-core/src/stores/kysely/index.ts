/*
 * The public API of @latchkey/auth-core/stores/kysely. Everything exported here is public.
 */
export { createKyselyAuditStore } from './kysely-audit-store.ts';
export { createKyselyLimitStore } from './kysely-limit-store.ts';
export { createKyselySigningKeyStore } from './kysely-signing-key-store.ts';
export { createKyselyTokenStore } from './kysely-store.ts';
export type { Migration, Migrations } from './migrate.ts';
export { migrate } from './migrate.ts';
export { tokenMigrations } from './migrations.ts';
export type {
  AuditEntriesTable,
  AuditHeadTable,
  AuditSchema,
  LimitCreditsTable,
  LimitLeasesTable,
  LimitSchema,
  LimitWindowsTable,
  SigningKeySchema,
  SigningKeysTable,
  TokenSchema,
  TokensTable,
} from './schema.ts';
