import { describe, expect, it, onTestFinished } from 'vitest';
import { createMemoryPersonStore, type PersonStore } from '../../src/erasure/index.ts';
import { createKyselyPersonStore, migrate, personMigrations } from '../../src/stores/kysely/index.ts';
import { openPostgres } from '../../src/stores/postgres/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { createTestDatabase } from '../postgres/test-database.ts';

const names = { prefix: 'auth_' };
const places: Readonly<Record<string, () => Promise<PersonStore>>> = {
  memory: async () => createMemoryPersonStore(),
  async SQLite() {
    const database = openSqlite<object>(':memory:');
    onTestFinished(() => database.destroy());
    await migrate(database, personMigrations, 'person_migrations', names);
    return createKyselyPersonStore(database, names);
  },
  async PostgreSQL() {
    const database = openPostgres<object>((await createTestDatabase()).url);
    onTestFinished(() => database.destroy());
    await migrate(database, personMigrations, 'person_migrations', names);
    return createKyselyPersonStore(database, names);
  },
};

describe.each(Object.entries(places))('texts about persons in %s', (_, open) => {
  it('have one pseudonym each, for each owner', async () => {
    const store = await open();
    expect(await store.pseudonymOf('ada', 'x', 'p1')).toBe('p1');
    expect(await store.pseudonymOf('ada', 'x', 'p2')).toBe('p1');
    expect(await store.pseudonymOf('bob', 'x', 'p3')).toBe('p3');
    expect(await store.textsOf(['p1', 'p2', 'p3'])).toEqual(
      new Map([
        ['p1', 'x'],
        ['p3', 'x'],
      ]),
    );
    expect(await store.textsOf([])).toEqual(new Map());
  });

  it('get one pseudonym from calls at once', async () => {
    const store = await open();
    const calls = Array.from({ length: 8 }, (_unused, at) => store.pseudonymOf('ada', 'x', `p${at}`));
    expect(new Set(await Promise.all(calls)).size).toBe(1);
  });

  it('are forgotten by their owner', async () => {
    const store = await open();
    await store.pseudonymOf('ada', 'x', 'p1');
    await store.pseudonymOf('bob', 'y', 'p2');
    await store.forget('ada');
    expect(await store.textsOf(['p1', 'p2'])).toEqual(new Map([['p2', 'y']]));
    expect(await store.pseudonymOf('ada', 'x', 'p3')).toBe('p3');
    await store.forget('nobody');
  });

  it('are found for more pseudonyms than one query takes', async () => {
    const store = await open();
    const pseudonyms = Array.from({ length: 1200 }, (_unused, at) => `p${at}`);
    for (const pseudonym of pseudonyms.slice(0, 3)) await store.pseudonymOf('ada', pseudonym, pseudonym);
    await store.pseudonymOf('ada', 'last', 'p1199');
    expect((await store.textsOf(pseudonyms)).size).toBe(4);
  });
});
