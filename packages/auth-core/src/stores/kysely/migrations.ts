import { sql } from 'kysely';
import { isPostgres } from './is-postgres.ts';
import { keepAdditionalArguments } from './keep-additional-arguments.ts';
import type { Migrations } from './migrate.ts';
import { noteTokenChanges } from './note-token-changes.ts';
import { rewriteTokens } from './rewrite-tokens.ts';
import { tellChangedTokens } from './tell-changed-tokens.ts';

/** The migrations of the tables for tokens, limits, the audit log and signing keys; run them with {@link migrate}. */
export const tokenMigrations: Migrations = {
  '0001-tokens': async (database) => {
    await database.schema
      .createTable('tokens')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('grant_json', 'text', (column) => column.notNull())
      .addColumn('owner', 'text', (column) => column.notNull())
      .addColumn('project', 'text')
      .addColumn('created_at', 'text', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'text')
      .addColumn('revoked_at', 'text')
      .addColumn('last_used_at', 'text')
      .addColumn('version', 'integer', (column) => column.notNull())
      .execute();
    await database.schema.createIndex('tokens_created').on('tokens').columns(['created_at', 'id']).execute();
  },
  '0002-limits': async (database) => {
    await database.schema
      .createTable('limit_windows')
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('window_end', 'bigint', (column) => column.notNull())
      .addColumn('used', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('limit_windows_key', ['key', 'window_end'])
      .execute();
    await database.schema
      .createTable('limit_leases')
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('lease_id', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('limit_leases_key', ['key', 'lease_id'])
      .execute();
    await database.schema.createIndex('limit_leases_id').on('limit_leases').column('lease_id').execute();
  },
  '0003-token-kinds': async (database) => {
    for (const name of [...TEXTS_OF_0003, 'rotated_at']) {
      await database.schema.alterTable('tokens').addColumn(name, 'text').execute();
    }
    await database.schema.alterTable('tokens').addColumn('rotate_after_seconds', 'bigint').execute();
    await database.schema.createIndex('tokens_parent').on('tokens').column('parent_id').execute();
  },
  '0004-audit': async (database) => {
    let entries = database.schema
      .createTable('audit_entries')
      .addColumn('seq', 'bigint', (column) => column.notNull().primaryKey());
    for (const name of TEXTS_OF_0004) entries = entries.addColumn(name, 'text', (column) => column.notNull());
    for (const name of OPTIONAL_TEXTS_OF_0004) entries = entries.addColumn(name, 'text');
    await entries.execute();
    for (const name of ['root_id', 'project', 'type']) {
      await database.schema.createIndex(`audit_entries_${name}`).on('audit_entries').columns([name, 'seq']).execute();
    }
    await database.schema
      .createTable('audit_head')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('seq', 'bigint', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('seal', 'text', (column) => column.notNull())
      .execute();
  },
  '0005-signing-keys': async (database) => {
    await database.schema
      .createTable('signing_keys')
      .addColumn('sequence', 'integer', (column) => column.primaryKey())
      .addColumn('kid', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('created_at', 'text', (column) => column.notNull())
      .execute();
  },
  '0006-postgres': async (database, names) => {
    if (!isPostgres(database)) return;
    // Ids are ordered by their bytes, independent of the locale of the database.
    await sql`alter table ${sql.table('tokens')} alter column id type text collate "C"`.execute(database);
    await tellChangedTokens(database, names);
  },
  '0007-kinds': async (database) => {
    await database.schema.createIndex('tokens_kind').on('tokens').columns(['kind', 'created_at']).execute();
  },
  '0008-additional-arguments': keepAdditionalArguments,
  '0009-trimmed-logs': async (database) => {
    await database.schema.alterTable('audit_head').addColumn('start_seq', 'bigint').execute();
    await database.schema.alterTable('audit_head').addColumn('start_hash', 'text').execute();
    await database.schema
      .createTable('audit_checkpoints')
      .addColumn('seq', 'bigint', (column) => column.primaryKey())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('seal', 'text', (column) => column.notNull())
      .execute();
  },
  '0010-metadata': async (database) => {
    await database.schema.alterTable('tokens').addColumn('metadata_json', 'text').execute();
  },
  '0011-credits': async (database) => {
    await database.schema
      .createTable('limit_credits')
      .addColumn('key', 'text', (column) => column.primaryKey())
      .addColumn('used', 'bigint', (column) => column.notNull())
      .addColumn('interval', 'bigint', (column) => column.notNull())
      .execute();
  },
  // Owners and projects that look alike are the same: all of them are written in Unicode NFC.
  '0012-normal-names': (database) =>
    rewriteTokens(database, ['name', 'owner', 'project'], ({ name, owner, project }) => ({
      name: name?.normalize('NFC') ?? null,
      owner: owner?.normalize('NFC') ?? null,
      project: project?.normalize('NFC') ?? null,
    })),
  '0013-token-changes': async (database, names) => {
    if (isPostgres(database)) await noteTokenChanges(database, names);
  },
  '0014-key-ring': async (database) => {
    await database.schema
      .createTable('digest_keys')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('ids_json', 'text', (column) => column.notNull())
      .addColumn('id_key', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .execute();
    await database.schema.alterTable('audit_entries').addColumn('key_id', 'text').execute();
  },
};

const TEXTS_OF_0003 = ['notes', 'attenuation_key', 'previous_json', 'sealed', 'stub', 'parent_id', 'caveats_json'];
const TEXTS_OF_0004 = ['at', 'type', 'previous_hash', 'hash'];
const OPTIONAL_TEXTS_OF_0004 = [
  'actor_id',
  'actor_name',
  'actor_owner',
  'root_id',
  'actor_address',
  'project',
  'subject',
  'details_json',
];
