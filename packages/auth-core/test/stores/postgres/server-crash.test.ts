import { type Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { createKyselyTokenStore, migrate, tokenMigrations } from '../../../src/stores/kysely/index.ts';
import { openPostgres, watchPostgresTokens } from '../../../src/stores/postgres/index.ts';
import { findPostgres, startPostgres } from '../../postgres/postgres-process.ts';

const programs = process.env.LATCHKEY_TEST_POSTGRES ? undefined : findPostgres();

/** Needs a server that nobody else uses. */
describe.runIf(programs !== undefined)('a PostgreSQL server that is killed', () => {
  it('has lost nothing acknowledged when it runs again, and those who used it go on', async () => {
    const server = await startPostgres(programs ?? '');
    const url = await server.createDatabase();
    const database: Kysely<unknown> = openPostgres(url);
    try {
      await migrate(database, tokenMigrations, 'token_migrations');
      const store = createKyselyTokenStore(database, { watch: watchPostgresTokens(url) });
      const told = new Set<string>();
      const stop = await store.watch?.(async (changes) => {
        for (const { id } of changes) told.add(id);
      });
      const record = {
        kind: 'api-key',
        name: 'name',
        digest: 'digest',
        grant: { actions: ['chat'] },
        owner: 'ada',
        createdAt: '2027-01-01T00:00:00.000Z',
        createdBy: 'local:operator',
        version: 1,
      } as const;
      const acknowledged: string[] = [];
      const writing = Promise.all(
        Array.from({ length: 4 }, async (_, writer) => {
          for (let count = 0; ; count++) {
            const id = `${writer} ${count}`;
            await store.insert({ ...record, id });
            acknowledged.push(id);
          }
        }),
      ).catch((error: unknown) => error);
      await expect.poll(() => acknowledged.length).toBeGreaterThan(50);
      await server.crash();
      expect(await writing).toBeInstanceOf(Error);

      await expect
        .poll(() =>
          sql`select 1`.execute(database).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
      await migrate(database, tokenMigrations, 'token_migrations');
      for (const id of acknowledged) expect(await store.find(id)).toEqual({ ...record, id });
      let count = 0;
      await expect
        .poll(async () => {
          await store.insert({ ...record, id: `after ${++count}` });
          return [...told].some((id) => id.startsWith('after'));
        })
        .toBe(true);
      await stop?.();
    } finally {
      await database.destroy();
      await server.stop();
    }
  }, 120_000);
});
