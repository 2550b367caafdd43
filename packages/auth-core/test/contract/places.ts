import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CamelCasePlugin,
  DeduplicateJoinsPlugin,
  HandleEmptyInListsPlugin,
  type Kysely,
  type KyselyPlugin,
  ParseJSONResultsPlugin,
  replaceWithNoncontingentExpression,
  SafeNullComparisonPlugin,
  WithSchemaPlugin,
} from 'kysely';
import type { TokenStore } from '../../src/index.ts';
import { migrate, type StoreNames, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { openPostgres, watchPostgresTokens } from '../../src/stores/postgres/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { createTestDatabase, type TestDatabase } from '../postgres/test-database.ts';

/** Makes a store on a database, which may tell of changed tokens, with the names that the place asks for. */
export type CreateStore<Store> = (database: Kysely<unknown>, watch: TokenStore['watch'], names: StoreNames) => Store;

/** An empty place; each `open()` is another connection to it. */
export interface SqlSetup<Store> {
  /** JavaScript that another process begins with, to have the place as `database`. */
  readonly program: string;
  open(): Promise<Store>;
  dispose(): Promise<void>;
}

/** A kind of place in which a SQL store is tried. */
export interface SqlPlace {
  readonly name: string;
  setUp<Store>(create: CreateStore<Store>): Promise<SqlSetup<Store>>;
}

/** The places that SQL stores must do in: SQLite, and PostgreSQL as far as this machine has it. */
export async function sqlPlaces(): Promise<readonly SqlPlace[]> {
  return [sqlitePlace(BARE), postgresPlace(BARE, await createTestDatabase())];
}

/** Databases that applications have set up for themselves, with plugins, schemas and tables of their own. */
export async function hostPlaces(): Promise<readonly SqlPlace[]> {
  const postgres = await createTestDatabase();
  const plugins = Object.values(PLUGINS);
  const beside = { plugins: [], names: { prefix: 'auth_' } };
  const inSchema = { plugins, names: { schema: 'tenant_7', prefix: 'auth_' } };
  return [
    sqlitePlace({ name: 'SQLite, with every plugin', plugins }),
    sqlitePlace({ name: 'SQLite, with a prefix beside tables of these names', ...beside }),
    postgresPlace({ name: `${postgres.name}, with a prefix beside tables of these names`, ...beside }, postgres),
    postgresPlace({ name: `${postgres.name}, with a schema, a prefix and every plugin`, ...inSchema }, postgres),
  ];
}

/** Each plugin of kysely that changes what a query says or what it returns. */
export const PLUGINS: Readonly<Record<string, KyselyPlugin>> = {
  CamelCasePlugin: new CamelCasePlugin(),
  'CamelCasePlugin, upper case': new CamelCasePlugin({ upperCase: true }),
  ParseJSONResultsPlugin: new ParseJSONResultsPlugin(),
  DeduplicateJoinsPlugin: new DeduplicateJoinsPlugin(),
  HandleEmptyInListsPlugin: new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression }),
  SafeNullComparisonPlugin: new SafeNullComparisonPlugin(),
  WithSchemaPlugin: new WithSchemaPlugin('of_the_host'),
};

/** How an application has set up its database. */
interface Host {
  readonly name?: string;
  readonly plugins?: readonly KyselyPlugin[];
  readonly names?: StoreNames;
}

const BARE: Host = {};

function sqlitePlace(host: Host): SqlPlace {
  return {
    name: host.name ?? 'SQLite',
    async setUp(create) {
      const folder = await mkdtemp(join(tmpdir(), 'latchkey-store-'));
      const file = join(folder, 'state.db');
      return {
        program: openIn('sqlite', 'openSqlite', file),
        ...openEach(
          () => openSqlite(file),
          (database) => create(database, undefined, host.names ?? {}),
          () => rm(folder, { recursive: true }),
          host,
        ),
      };
    },
  };
}

function postgresPlace(host: Host, postgres: TestDatabase): SqlPlace {
  return {
    name: host.name ?? postgres.name,
    async setUp(create) {
      const names = host.names ?? {};
      return {
        program: openIn('postgres', 'openPostgres', postgres.url),
        ...openEach(
          () => openPostgres(postgres.url),
          (database) => create(database, watchPostgresTokens(postgres.url, names), names),
          postgres.clear,
          host,
        ),
      };
    },
  };
}

/** Where a program in another process finds a module of the package. */
export function sourceOf(path: string): string {
  return JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
}

export function openIn(folder: string, name: string, place: string): string {
  return `
    const { ${name} } = await import(${sourceOf(`stores/${folder}/index.ts`)});
    const database = ${name}(${JSON.stringify(place)});
  `;
}

export function openEach<Store>(
  connect: () => Kysely<unknown>,
  create: (database: Kysely<unknown>) => Store,
  remove: () => Promise<void>,
  { plugins = [], names = {} }: Host = BARE,
) {
  const databases: Kysely<unknown>[] = [];
  return {
    async open() {
      const plain = connect();
      databases.push(plain);
      if (names.schema !== undefined) await plain.schema.createSchema(names.schema).ifNotExists().execute();
      if (names.prefix !== undefined)
        await makeTablesOfHost(names.schema === undefined ? plain : plain.withSchema(names.schema));
      const database = plugins.reduce((described, plugin) => described.withPlugin(plugin), plain);
      await migrate(database, tokenMigrations, 'token_migrations', names);
      return create(database);
    },
    async dispose() {
      if (names.schema !== undefined)
        await databases[0]?.schema.dropSchema(names.schema).ifExists().cascade().execute();
      for (const database of databases) await database.destroy();
      await remove();
    },
  };
}

const TABLES_OF_HOST = ['tokens', 'limit_windows', 'limit_leases', 'audit_entries', 'signing_keys', 'token_migrations'];
const INDEXES_OF_HOST = ['tokens_created', 'limit_windows_key', 'limit_leases_key', 'audit_entries_type'];

/** An application's own tables and indexes of the names that the library has without a prefix. */
async function makeTablesOfHost(database: Kysely<unknown>): Promise<void> {
  for (const name of TABLES_OF_HOST) {
    await database.schema.createTable(name).ifNotExists().addColumn('of_host', 'text').execute();
  }
  for (const name of INDEXES_OF_HOST) {
    await database.schema.createIndex(name).ifNotExists().on('tokens').column('of_host').execute();
  }
}
