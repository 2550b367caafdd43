import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { TokenStore } from '../../src/index.ts';
import { migrate, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { openPostgres, watchPostgresTokens } from '../../src/stores/postgres/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { createTestDatabase } from '../postgres/test-database.ts';

/** Makes a store on a database, which may tell of changed tokens. */
export type CreateStore<Store> = (database: Kysely<unknown>, watch: TokenStore['watch']) => Store;

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
  const postgres = await createTestDatabase();
  return [
    {
      name: 'SQLite',
      async setUp(create) {
        const folder = await mkdtemp(join(tmpdir(), 'latchkey-store-'));
        const file = join(folder, 'state.db');
        return {
          program: openIn('sqlite', 'openSqlite', file),
          ...openEach(
            () => openSqlite(file),
            (database) => create(database, undefined),
            () => rm(folder, { recursive: true }),
          ),
        };
      },
    },
    {
      name: postgres.name,
      async setUp(create) {
        return {
          program: openIn('postgres', 'openPostgres', postgres.url),
          ...openEach(
            () => openPostgres(postgres.url),
            (database) => create(database, watchPostgresTokens(postgres.url)),
            postgres.clear,
          ),
        };
      },
    },
  ];
}

/** Where a program in another process finds a module of the package. */
export function sourceOf(path: string): string {
  return JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
}

function openIn(folder: string, name: string, place: string): string {
  return `
    const { ${name} } = await import(${sourceOf(`stores/${folder}/index.ts`)});
    const database = ${name}(${JSON.stringify(place)});
  `;
}

function openEach<Store>(
  connect: () => Kysely<unknown>,
  create: (database: Kysely<unknown>) => Store,
  remove: () => Promise<void>,
) {
  const databases: Kysely<unknown>[] = [];
  return {
    async open() {
      const database = connect();
      databases.push(database);
      await migrate(database, tokenMigrations, 'token_migrations');
      return create(database);
    },
    async dispose() {
      for (const database of databases) await database.destroy();
      await remove();
    },
  };
}
