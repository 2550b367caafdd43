import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect } from 'kysely';
import { describe, expect, it } from 'vitest';
import type { Claim, TokenRecord } from '../../../src/index.ts';
import {
  createKyselyAuditStore,
  createKyselyLimitStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';

type Row = Record<string, unknown>;

/** A database of a host whose driver changes rows, as the test says. */
function openChanged() {
  const file = new DatabaseSync(':memory:');
  let change = (row: Row): Row => row;
  const database = new Kysely<unknown>({
    dialect: new SqliteDialect({
      database: {
        close: () => file.close(),
        prepare(sql) {
          const statement = file.prepare(sql);
          return {
            reader: statement.columns().length > 0,
            all: (parameters) => statement.all(...(parameters as SQLInputValue[])).map((row) => change({ ...row })),
            run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
            iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
          };
        },
      },
    }),
  });
  return {
    database,
    changeRows(next: (row: Row) => Row) {
      change = next;
    },
  };
}

const TOKEN: TokenRecord = {
  id: 'AAAAAAAA',
  kind: 'api-key',
  name: 'ci-bot',
  digest: 'd1'.repeat(32),
  grant: { actions: ['usage:read'] },
  owner: 'ada',
  createdAt: '2027-01-01T00:00:00.000Z',
  createdBy: 'local:operator',
  version: 1,
};
const CLAIMS: readonly Claim[] = [
  { kind: 'window', key: 'window', windowEnd: 1000, amount: 1, limit: 9 },
  { kind: 'credit', key: 'credit', interval: 0, refill: 0, amount: 1, limit: 9 },
  { kind: 'lease', key: 'lease', leaseId: 'lease 1', expiresAt: 1000, limit: 9 },
];
const HEAD = { seq: 1, hash: 'h', start: { seq: 0, hash: 's' }, seal: 'sealed' };
const ENTRY = { seq: 1, at: '2027-01-01T00:00:00.000Z', type: 'a', actor: {}, previousHash: 'p', hash: 'h' };

async function openStores() {
  const { database, changeRows } = openChanged();
  await migrate(database, tokenMigrations, 'token_migrations');
  const [tokens, limits] = [createKyselyTokenStore(database), createKyselyLimitStore(database)];
  const [audit, keys] = [createKyselyAuditStore(database), createKyselySigningKeyStore(database)];
  await tokens.insert(TOKEN);
  await limits.take(CLAIMS, 0);
  await audit.append(async () => ({ entries: [ENTRY], head: HEAD, checkpoint: { seq: 1, hash: 'h', seal: 's' } }));
  await keys.insert({ sequence: 1, kid: 'kid', sealed: 'sealed', createdAt: ENTRY.at });
  /** All that reads rows; each leaves the stores as they were. */
  const reads: Readonly<Record<string, () => Promise<unknown>>> = {
    'a token': () => tokens.find(TOKEN.id),
    'a list of tokens': () => tokens.list({}),
    'the tokens that a write stands on': () => tokens.insert(TOKEN, [TOKEN]),
    'how many were derived': () => tokens.countDerived({ parentId: TOKEN.id, at: TOKEN.createdAt, limit: 10 }),
    'what is used': () => limits.read(CLAIMS, 0),
    'an entry of the log': () => audit.read({ limit: 1 }),
    'the head of the log': () => audit.head(),
    'the checkpoints of the log': () => audit.checkpoints(),
    'the signing keys': () => keys.list(),
    'which migrations have run': () => migrate(database, tokenMigrations, 'token_migrations'),
  };
  return { reads, changeRows, limits };
}

const { reads, changeRows, limits } = await openStores();

/** The columns that a read gets. */
async function columnsOf(read: (() => Promise<unknown>) | undefined): Promise<string[]> {
  const columns = new Set<string>();
  changeRows((row) => {
    for (const column of Object.keys(row)) columns.add(column);
    return row;
  });
  await read?.();
  return [...columns];
}

/** What a driver, a parser of types or a plugin of its own may make of a value. */
const CHANGES: Readonly<Record<string, (row: Row, column: string) => Row>> = {
  'is missing': (row, column) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== column)),
  'has another name': (row, column) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name === column ? `${name}_` : name, value])),
  'is an object': (row, column) => ({ ...row, [column]: {} }),
  'is a list': (row, column) => ({ ...row, [column]: [] }),
  'is true': (row, column) => ({ ...row, [column]: true }),
  'is not a number': (row, column) => ({ ...row, [column]: Number.NaN }),
  'is a number that no counter has': (row, column) => ({ ...row, [column]: 1.5 }),
};

describe('rows that a host changes on their way are an error', () => {
  for (const [name, read] of Object.entries(reads)) {
    it.each(Object.entries(CHANGES))(`in ${name}: a column that %s`, async (_, change) => {
      const columns = await columnsOf(read);
      expect(columns).not.toEqual([]);
      for (const column of columns) {
        changeRows((row) => (column in row ? change(row, column) : row));
        await expect(read(), column).rejects.toThrow(`'${column}'`);
      }
      changeRows((row) => row);
    });
  }

  it('lets nothing through a limit whose counter cannot be found', async () => {
    for (const claim of CLAIMS.slice(0, 2)) {
      // A rule of the host that hides what was written.
      changeRows((row) => ({ ...row, key: 'of another' }));
      await expect(Promise.resolve(limits.take([claim], 0))).rejects.toThrow();
      changeRows((row) => row);
    }
  });

  it('takes whole numbers in whatever form a driver returns them', async () => {
    for (const form of [BigInt, String]) {
      changeRows((row) => ({ ...row, ...('used' in row && { used: form(row.used as number) }) }));
      expect(await limits.read(CLAIMS.slice(0, 1), 0)).toEqual([1]);
    }
    changeRows((row) => row);
  });
});
