import type { Kysely } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TokenRecord } from '../../../src/index.ts';
import {
  createKyselyTokenStore,
  migrate,
  type TokenSchema,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openPostgres } from '../../../src/stores/postgres/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';

const TABLE = 'token_migrations';
/** A database that was read in the former way; the tables are those of today, so that today's store can fill them. */
const BEFORE = Object.fromEntries(
  Object.entries(tokenMigrations).filter(([name]) => name !== '0008-additional-arguments'),
);

const grantOf = (write: object): TokenRecord['grant'] =>
  JSON.parse(
    JSON.stringify({ actions: ['chat'], mcp: { files: { tools: { write, '*': {} } }, other: { tools: {} } } }),
  );
const WITH_CONDITIONS = { arguments: { path: { within: '/srv' } } };

const record = (id: string, grant: TokenRecord['grant'], more: Partial<TokenRecord> = {}): TokenRecord => ({
  id,
  kind: 'api-key',
  name: id,
  digest: 'd'.repeat(64),
  grant,
  owner: 'operator',
  createdAt: '2026-01-01T00:00:00.000Z',
  createdBy: 'operator',
  version: 3,
  ...more,
});

const places = [
  { name: 'SQLite', open: async () => openSqlite<TokenSchema>(':memory:') },
  {
    name: 'PostgreSQL',
    open: async () => {
      const { url, clear } = await createTestDatabase();
      onTestFinished(clear);
      return openPostgres<TokenSchema>(url);
    },
  },
];

describe.each(places)('stored grants of $name', ({ open }) => {
  async function migrated(...records: TokenRecord[]): Promise<(id: string) => Promise<TokenRecord | undefined>> {
    const database = (await open()) as Kysely<TokenSchema>;
    onTestFinished(() => database.destroy());
    await migrate(database, BEFORE, TABLE);
    const store = createKyselyTokenStore(database);
    for (const one of records) await store.insert(one);
    await migrate(database, tokenMigrations, TABLE);
    return (id) => store.find(id);
  }

  it('that had conditions go on admitting other arguments, and those of caveats do', async () => {
    const caveat = { grant: grantOf(WITH_CONDITIONS), source: 'caveat #1', id: 'aaaaaaaa.1' };
    const find = await migrated(
      record('aaaaaaaa', grantOf(WITH_CONDITIONS)),
      record('bbbbbbbb', { actions: ['chat'] }, { parentId: 'aaaaaaaa', caveats: [caveat] }),
    );
    const kept = grantOf({ ...WITH_CONDITIONS, additionalArguments: true });
    expect(await find('aaaaaaaa')).toEqual(record('aaaaaaaa', kept));
    expect((await find('bbbbbbbb'))?.caveats).toEqual([{ ...caveat, grant: kept }]);
  });

  it.each([
    ['without conditions', grantOf({})],
    ['that ask a person only', grantOf({ approval: 'ask', arguments: {} })],
    ['that admit no other argument', grantOf({ ...WITH_CONDITIONS, additionalArguments: false })],
    ['without tools', { actions: ['chat'] } as const],
    ['that are none', [1, null] as never],
    ['whose tools are none', { actions: [], mcp: { files: { tools: 'all' }, other: null } } as never],
  ])('%s stay as they are', async (_, grant) => {
    const find = await migrated(record('aaaaaaaa', grant));
    expect(await find('aaaaaaaa')).toEqual(record('aaaaaaaa', grant));
  });

  it('are all looked at, however many there are', async () => {
    const ids = Array.from({ length: 510 }, (_, index) => `token${String(index).padStart(4, '0')}`);
    const find = await migrated(...ids.map((id) => record(id, grantOf(WITH_CONDITIONS))));
    for (const id of [ids[0], ids[499], ids[500], ids[509]]) {
      expect((await find(id ?? ''))?.grant).toEqual(grantOf({ ...WITH_CONDITIONS, additionalArguments: true }));
    }
  });
});
