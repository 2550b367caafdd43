import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createKyselyLimitStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openPostgres } from '../../../src/stores/postgres/index.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';

const NOW = 30_000;
const WINDOW = { kind: 'window', key: 'requests', windowEnd: 60_000 } as const;
const RUNNING = { kind: 'lease', key: 'running' } as const;
const LEASE = { ...RUNNING, leaseId: 'one', expiresAt: 60_000, limit: 9 } as const;

const postgres = await createTestDatabase();
let database: Kysely<unknown>;

beforeEach(async () => {
  database = openPostgres(postgres.url);
  await migrate(database, tokenMigrations, 'token_migrations');
});

afterEach(async () => {
  await database.destroy();
  await postgres.clear();
});

/** From now on the next changes of a table are given up, as PostgreSQL does with one of two that wait for each other. */
async function giveUp(table: string, times: number, code: string): Promise<void> {
  const steps = [
    // A sequence goes on, whatever becomes of the transaction.
    'create sequence conflicts',
    `create function give_up() returns trigger language plpgsql as $$
      begin
        if nextval('conflicts') <= ${times} then raise exception 'given up' using errcode = '${code}'; end if;
        return null;
      end
    $$`,
    `create trigger give_up after insert or update or delete on ${table}
      for each statement execute function give_up()`,
  ];
  for (const step of steps) await sql.raw(step).execute(database);
}

describe(`what ${postgres.name} gives up for others' sake`, () => {
  it.each(['40P01', '40001'])('is counted in the end, and once (%s)', async (code) => {
    const store = createKyselyLimitStore(database);
    await giveUp('limit_windows', 2, code);
    expect(await store.take([{ ...WINDOW, amount: 3, limit: 9 }], NOW)).toMatchObject({ taken: true });
    expect(await store.read([WINDOW], NOW)).toEqual([3]);
  });

  it('is corrected in the end, and once', async () => {
    const store = createKyselyLimitStore(database);
    await giveUp('limit_windows', 2, '40P01');
    await store.adjust([{ ...WINDOW, amount: 4 }]);
    expect(await store.read([WINDOW], NOW)).toEqual([4]);
  });

  it('is renewed in the end', async () => {
    const store = createKyselyLimitStore(database);
    await store.take([LEASE], NOW);
    await giveUp('limit_leases', 2, '40P01');
    await store.renew([{ key: LEASE.key, leaseId: 'one' }], 90_000);
    expect(await store.read([RUNNING], 80_000)).toEqual([1]);
  });

  it('is dropped in the end', async () => {
    const store = createKyselyLimitStore(database);
    await store.take([LEASE], NOW);
    await giveUp('limit_leases', 2, '40P01');
    await store.drop(['one']);
    expect(await store.read([RUNNING], NOW)).toEqual([0]);
  });

  it('is noted as used in the end', async () => {
    const store = createKyselyTokenStore(database);
    await sql`insert into tokens (id, kind, name, digest, grant_json, owner, created_at, created_by, version)
      values ('AAAAAAAA', 'api-key', 'name', 'digest', '{}', 'ada', '', '', 1)`.execute(database);
    await giveUp('tokens', 2, '40P01');
    await store.touch(new Map([['AAAAAAAA', '2027-01-01T00:00:00.000Z']]));
    const { rows } = await sql`select nextval('conflicts') as next`.execute(database);
    expect(rows).toEqual([{ next: '4' }]);
  });

  it('fails when it is given up again and again', async () => {
    const store = createKyselyLimitStore(database);
    await giveUp('limit_windows', 99, '40P01');
    await expect(store.take([{ ...WINDOW, amount: 3, limit: 9 }], NOW)).rejects.toThrow('given up');
    expect(await store.read([WINDOW], NOW)).toEqual([0]);
  });

  it('is not tried again when it failed for another reason', async () => {
    const store = createKyselyLimitStore(database);
    await giveUp('limit_windows', 1, '57014');
    await expect(store.take([{ ...WINDOW, amount: 3, limit: 9 }], NOW)).rejects.toThrow('given up');
  });
});
