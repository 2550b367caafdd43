import { inspect } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../src/stores/kysely/index.ts';
import { openPostgres } from '../../../src/stores/postgres/index.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';

const postgres = await createTestDatabase();
const open: Kysely<unknown>[] = [];

afterEach(async () => {
  for (const database of open.splice(0)) await database.destroy();
  await postgres.clear();
});

function connect(connection: Parameters<typeof openPostgres>[0] = postgres.url): Kysely<unknown> {
  const database = openPostgres<unknown>(connection);
  open.push(database);
  return database;
}

async function ask(database: Kysely<unknown>, question: string): Promise<unknown> {
  const { rows } = await sql.raw<Record<string, unknown>>(question).execute(database);
  return Object.values(rows[0] ?? {})[0];
}

/** What only a server of its own can show: PGlite has one session, which cannot be ended. */
const itWithServer = it.runIf(postgres.parallel);

describe(`openPostgres on ${postgres.name}`, () => {
  itWithServer('bounds how long anything waits, and says who it is', async () => {
    const database = connect();
    expect(await ask(database, 'show statement_timeout')).toBe('10s');
    expect(await ask(database, 'show idle_in_transaction_session_timeout')).toBe('10s');
    expect(await ask(database, 'show application_name')).toBe('latchkey');
  });

  itWithServer('lets the connection say otherwise', async () => {
    const database = connect({
      connectionString: postgres.url,
      application_name: 'mine',
      statement_timeout: 2000,
      max: 1,
    });
    expect(await ask(database, 'show application_name')).toBe('mine');
    expect(await ask(database, 'show statement_timeout')).toBe('2s');
  });

  it('sees what others have committed, whatever the database has as its default', async () => {
    const name = await ask(connect(), 'select current_database()');
    await sql.raw(`alter database ${name} set default_transaction_isolation = 'serializable'`).execute(connect());
    expect(await ask(connect(), 'show transaction_isolation')).toBe('read committed');
    await sql.raw(`alter database ${name} reset default_transaction_isolation`).execute(connect());
  });

  itWithServer('goes on with a new connection when the database ends those that are idle', async () => {
    const database = connect();
    await sql`select 1`.execute(database);
    const others = 'from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()';
    const other = connect();
    expect(Number(await ask(other, `select count(pg_terminate_backend(pid)) ${others}`))).toBe(1);
    // Until the connection is seen to be gone, which without a listener would end the process.
    await expect.poll(() => ask(other, `select count(*) ${others}`)).toBe('0');
    await expect.poll(() => ask(database, 'select 1').catch(() => undefined)).toBe(1);
  });

  itWithServer('fails a transaction whose connection ends in the middle, and nothing else', async () => {
    const database = connect();
    await sql`create table notes (text text)`.execute(database);
    const failing = database.transaction().execute(async (transaction) => {
      await sql`insert into notes values ('half')`.execute(transaction);
      const pid = await ask(transaction, 'select pg_backend_pid()');
      await ask(connect(), `select pg_terminate_backend(${pid})`);
      // Until the connection is seen to be gone, which without a listener would end the process.
      await expect.poll(() => ask(connect(), `select count(*) from pg_stat_activity where pid = ${pid}`)).toBe('0');
      await sql`insert into notes values ('whole')`.execute(transaction);
    });
    await expect(failing).rejects.toThrow();
    expect(await ask(database, 'select count(*) from notes')).toBe('0');
  });

  it('tells no password when it cannot connect', async () => {
    for (const url of ['postgres://ada:s3cr3t@127.0.0.1:1/none', 'postgres://ada:s3cr3t@:x:/none']) {
      const error: unknown = await (async () => ask(connect(url), 'select 1'))().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('s3cr3t');
    }
  });
});

describe(`migrate on ${postgres.name}`, () => {
  it('takes back everything when a migration fails', async () => {
    const database = connect();
    const broken = { '0001-notes': createNotes, '0002-broken': () => Promise.reject(new Error('broken')) };
    await expect(migrate(database, broken, 'note_migrations')).rejects.toThrow('broken');
    await expect(ask(database, 'select count(*) from notes')).rejects.toThrow('does not exist');
    await migrate(database, { '0001-notes': createNotes }, 'note_migrations');
    expect(await ask(database, 'select count(*) from notes')).toBe('0');
  });

  itWithServer('may wait for others longer than a statement may take', async () => {
    const slow = connect({ connectionString: postgres.url, statement_timeout: 200 });
    await migrate(slow, { '0001-slow': sleep }, 'note_migrations');
    expect(await ask(slow, 'show statement_timeout')).toBe('200ms');
  });
});

async function createNotes(database: Kysely<unknown>): Promise<void> {
  await sql`create table notes (text text)`.execute(database);
}

async function sleep(database: Kysely<unknown>): Promise<void> {
  await sql`select pg_sleep(0.5)`.execute(database);
}
