import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createKyselyTokenStore, migrate, tokenMigrations } from '../../../src/stores/kysely/index.ts';
import { openPostgres } from '../../../src/stores/postgres/index.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';

const COUNT = 1200;
const USED = '2027-01-01T00:00:00.000Z';

const postgres = await createTestDatabase();

describe.runIf(postgres.parallel)(`many times of use on ${postgres.name}`, () => {
  it('are written while one of the tokens is being changed, which waits for none of them', async () => {
    const [database, other] = [openPostgres<unknown>(postgres.url), openPostgres<unknown>(postgres.url)];
    try {
      await migrate(database, tokenMigrations, 'token_migrations');
      await sql`insert into tokens (id, kind, name, digest, grant_json, owner, created_at, created_by, version)
        select 'token' || number, 'api-key', 'name', 'digest', '{}', 'ada', '', '', 1
        from generate_series(1, ${sql.lit(COUNT)}) as number`.execute(database);
      const store = createKyselyTokenStore(database);
      const unused = async () =>
        Number(
          (await sql<{ count: string }>`select count(*) from tokens where last_used_at is null`.execute(other)).rows[0]
            ?.count,
        );
      let writing: Promise<void> | undefined;
      await other.transaction().execute(async (changing) => {
        await sql`update tokens set name = 'changed' where id = 'token7'`.execute(changing);
        writing = store.touch(new Map(Array.from({ length: COUNT }, (_, index) => [`token${index + 1}`, USED])));
        // All others are written, and may be changed, although the one is locked.
        await expect.poll(unused, { timeout: 8000 }).toBe(1);
        await sql`update tokens set name = 'free' where id = 'token8'`.execute(database);
      });
      await writing;
      expect(await unused()).toBe(0);
    } finally {
      await Promise.all([database.destroy(), other.destroy()]);
      await postgres.clear();
    }
  });
});
