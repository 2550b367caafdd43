import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import {
  type AuditStore,
  createMemoryAuditStore,
  createMemoryLimitStore,
  createMemoryTokenStore,
  type LimitStore,
  type TokenStore,
} from '../../src/index.ts';
import { createMemorySigningKeyStore, type SigningKeyStore } from '../../src/jwt/index.ts';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../src/stores/kysely/index.ts';
import { TwoConnectionsDialect } from '../../src/stores/sqlite/sqlite-driver.ts';
import type { TestDatabase } from '../postgres/test-database.ts';
import { createFaults, type Faults } from './faults.ts';
import { FaultyDialect } from './faulty-dialect.ts';

export interface Stores {
  readonly tokens: TokenStore;
  readonly audit: AuditStore;
  readonly limits: LimitStore;
  readonly signingKeys: SigningKeyStore;
}

/** A place for stores of which every step may fail. */
export interface FaultyStores {
  readonly faults: Faults;
  /** Opens the stores, again after they were closed. */
  open(): Stores;
  remove(): Promise<void>;
}

export interface FaultyPlace {
  readonly name: string;
  /** Whether several can be set up side by side. */
  readonly parallel: boolean;
  setUp(): Promise<FaultyStores>;
}

/** Stores in memory: the tokens and the log share nothing, and each call of a store is a step. */
const MEMORY: FaultyPlace = {
  name: 'memory, with a log that shares nothing',
  parallel: true,
  async setUp() {
    const faults = createFaults();
    const calls = <Store extends object>(store: Store): Store =>
      Object.fromEntries(
        Object.entries(store).map(([name, method]: [string, (...args: unknown[]) => unknown]) => [
          name,
          name === 'close' ? async () => undefined : (...args: unknown[]) => faults.step(async () => method(...args)),
        ]),
      ) as Store;
    const stores = {
      tokens: calls(createMemoryTokenStore()),
      audit: calls(createMemoryAuditStore()),
      limits: calls(createMemoryLimitStore()),
      signingKeys: calls(createMemorySigningKeyStore()),
    };
    return { faults, open: () => stores, remove: async () => undefined };
  },
};

const SQLITE: FaultyPlace = {
  name: 'SQLite, with the log in the same file',
  parallel: true,
  async setUp() {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-faults-'));
    const file = join(folder, 'state.db');
    const writer = new DatabaseSync(file, { timeout: 0 });
    const prepare = () => writer.exec('pragma journal_mode = wal; pragma synchronous = off');
    const openReader = () => new DatabaseSync(file, { timeout: 0, readOnly: true });
    const stores = await openStores(
      new TwoConnectionsDialect({ writer, prepare, openReader, requireSameFile: () => undefined }),
    );
    return {
      ...stores,
      async remove() {
        await stores.remove();
        await rm(folder, { recursive: true });
      },
    };
  },
};

const TABLES = [
  'tokens',
  'token_changes',
  'audit_entries',
  'audit_head',
  'audit_checkpoints',
  'limit_windows',
  'limit_leases',
  'limit_credits',
  'digest_keys',
  'signing_keys',
];

function postgresPlace(postgres: TestDatabase): FaultyPlace {
  return {
    name: `${postgres.name}, with the log in the same database`,
    parallel: false,
    async setUp() {
      const pool = new Pool({ connectionString: postgres.url, max: 4 });
      const { rows } = await pool.query(`select to_regclass('public.tokens') is not null as made`);
      if (rows[0].made) await pool.query(`truncate ${TABLES.join(', ')}`);
      return openStores(new PostgresDialect({ pool }));
    },
  };
}

async function openStores(dialect: ConstructorParameters<typeof FaultyDialect>[0]): Promise<FaultyStores> {
  const faults = createFaults();
  const database = new Kysely<unknown>({ dialect: new FaultyDialect(dialect, faults) });
  await migrate(database, tokenMigrations, 'token_migrations');
  return {
    faults,
    open: () => ({
      tokens: createKyselyTokenStore(database),
      audit: createKyselyAuditStore(database),
      limits: createKyselyLimitStore(database),
      signingKeys: createKyselySigningKeyStore(database),
    }),
    remove: () => database.destroy(),
  };
}

export function faultyPlaces(postgres: TestDatabase): readonly FaultyPlace[] {
  return [MEMORY, SQLITE, postgresPlace(postgres)];
}
