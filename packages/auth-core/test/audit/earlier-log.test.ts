import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuditLog } from '../../src/index.ts';
import { createKyselyAuditStore, migrate, tokenMigrations } from '../../src/stores/kysely/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
/** The tables of a log as it was kept before there were starts and checkpoints, written with this key. */
import tables from './log-before-trimming.json' with { type: 'json' };

const key = new Uint8Array(32).fill(7);
const BEFORE = '0009-trimmed-logs';

describe('a log that an earlier version has written', () => {
  let database: Kysely<unknown>;
  beforeEach(async () => {
    database = openSqlite(':memory:');
    const names = Object.keys(tokenMigrations);
    const earlier = Object.entries(tokenMigrations).slice(0, names.indexOf(BEFORE));
    await migrate(database, Object.fromEntries(earlier), 'token_migrations');
    for (const [table, rows] of Object.entries(tables)) {
      for (const row of rows) {
        const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)));
        await sql`insert into ${sql.table(table)} (${columns}) values (${sql.join(Object.values(row))})`.execute(
          database,
        );
      }
    }
    await migrate(database, tokenMigrations, 'token_migrations');
  });
  afterEach(() => database.destroy());

  const openLog = () => createAuditLog({ store: createKyselyAuditStore(database), key });
  const hash = tables.audit_head[0]?.hash;

  it('is whole, from the start and from a checkpoint that it does not have', async () => {
    for (const from of ['start', 'checkpoint'] as const) {
      expect(await openLog().verify({ from })).toEqual({ intact: true, entries: 5, head: { seq: 5, hash } });
    }
  });

  it('goes on, is trimmed, and is whole after both', async () => {
    await openLog().record({ type: 'token.revoked', actor: {} });
    expect((await openLog().list({ after: 5 }))[0]).toMatchObject({ seq: 6, previousHash: hash });
    expect(await openLog().trim({ keep: 3 })).toBe(4);
    expect(await openLog().verify()).toMatchObject({ intact: true, entries: 3, trimmed: { seq: 4 } });
  });

  it('is still found when it was changed then', async () => {
    await sql`update audit_entries set subject = 'other' where seq = 2`.execute(database);
    expect(await openLog().verify()).toMatchObject({ brokenAt: 2, problem: 'changed' });
  });
});
