import { copyFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuth } from '../../../src/index.ts';
import {
  createKyselyTokenStore,
  type Migrations,
  migrate,
  type TokenSchema,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { llm } from '../../words.ts';

const digestKey = new Uint8Array(32).fill(1);
let folder: string;
let file: string;
let open: Kysely<TokenSchema>[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-sqlite-'));
  file = join(folder, 'deep', 'state.db');
  open = [];
});

afterEach(async () => {
  for (const database of open) await database.destroy();
  await rm(folder, { recursive: true });
});

async function openTokens(path = file): Promise<Kysely<TokenSchema>> {
  const database = openSqlite<TokenSchema>(path);
  open.push(database);
  await migrate(database, tokenMigrations, 'token_migrations');
  return database;
}

describe('openSqlite', () => {
  it('sets what several processes and a power cut need', async () => {
    const database = await openTokens();
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(database)).rows[0] ?? {})[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('synchronous')).toBe(2);
    expect(await pragma('foreign_keys')).toBe(1);
    expect(await pragma('busy_timeout')).toBe(0);
  });

  it('opens a database in memory', async () => {
    expect(await (await openTokens(':memory:')).selectFrom('tokens').selectAll().execute()).toEqual([]);
  });

  it.each([
    ['removed', () => rm(file), 'was removed or moved'],
    ['moved', () => rename(file, `${file}.old`), 'was removed or moved'],
    ['replaced', () => copyFile(file, `${file}.new`).then(() => rename(`${file}.new`, file)), 'was replaced'],
  ])('acknowledges no write to a file that was %s, in a transaction or not', async (_, lose, problem) => {
    const database = await openTokens();
    const auth = createAuth({ vocabulary: llm, store: createKyselyTokenStore(database), digestKey });
    const { token, record } = await auth.issue({ name: 'kept', grant: { actions: ['chat'] } }, auth.operator());
    const begun = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<void>();
    const late = database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('tokens').execute();
      begun.resolve();
      await lost.promise;
    });
    late.catch(() => {});
    await begun.promise;
    await lose();
    lost.resolve();
    const moved = expect.objectContaining({ errcode: 1032, message: expect.stringContaining(problem) });
    await expect(late).rejects.toEqual(moved);
    await expect(auth.issue({ name: 'lost', grant: { actions: ['chat'] } }, auth.operator())).rejects.toMatchObject({
      cause: moved,
    });
    await expect(database.deleteFrom('tokens').execute()).rejects.toEqual(moved);
    expect((await auth.verify(token)).id).toBe(record.id);
  });

  it('goes on with a file that was put back', async () => {
    const database = await openTokens();
    await rename(file, `${file}.old`);
    await expect(database.deleteFrom('tokens').execute()).rejects.toThrow('was removed or moved');
    await rename(`${file}.old`, file);
    await database.deleteFrom('tokens').execute();
  });

  it('refuses a file that is no database', async () => {
    const path = join(folder, 'notes.txt');
    await writeFile(path, 'this is not a database, it only says so at some length');
    expect(() => openSqlite(path)).toThrow('not a database');
  });

  it('takes back everything when a transaction fails', async () => {
    const database = await openTokens();
    const failing = database.transaction().execute(async (transaction) => {
      await sql`create table notes (text text)`.execute(transaction);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await expect(sql`select * from notes`.execute(database)).rejects.toThrow('no such table');
  });

  it('begins a transaction as a writing one, so that two of them take turns', async () => {
    const [first, second] = [await openTokens(), await openTokens()];
    const order: string[] = [];
    const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const slow = first.transaction().execute(async () => {
      order.push('first begins');
      begin();
      await gate;
      order.push('first ends');
    });
    await began;
    const waiting = second.transaction().execute(async () => order.push('second begins'));
    // The one that waits leaves the process running: otherwise nobody would get here in time.
    setImmediate(openGate);
    await Promise.all([slow, waiting]);
    expect(order).toEqual(['first begins', 'first ends', 'second begins']);
    expect((await sql`pragma busy_timeout`.execute(second)).rows).toEqual([{ timeout: 0 }]);
  });

  it('reads row by row, again after it was broken off', async () => {
    const database = await openTokens();
    await sql`create table numbers (value integer)`.execute(database);
    await sql`insert into numbers values (1), (2), (3)`.execute(database);
    const query = (database as unknown as Kysely<{ numbers: { value: number } }>).selectFrom('numbers').select('value');
    for await (const _ of query.stream()) break;
    const seen: number[] = [];
    for await (const { value } of query.stream()) seen.push(value);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('lets go of statements when there are many', async () => {
    const database = await openTokens();
    for (let index = 0; index < 450; index++) {
      expect((await sql.raw(`select ${index} as value`).execute(database)).rows).toEqual([{ value: index }]);
    }
  });
});

describe('tokens in a file', () => {
  it('outlive the server', async () => {
    const first = createAuth({ vocabulary: llm, store: createKyselyTokenStore(await openTokens()), digestKey });
    const { token } = await first.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, first.operator());
    await first.close();
    await open.pop()?.destroy();
    const second = createAuth({ vocabulary: llm, store: createKyselyTokenStore(await openTokens()), digestKey });
    expect(await second.verify(token)).toMatchObject({ name: 'ci-bot' });
  });

  it('are revoked for every process that shares the file', async () => {
    const [here, elsewhere] = [
      createAuth({
        vocabulary: llm,
        store: createKyselyTokenStore(await openTokens()),
        digestKey,
        cacheMilliseconds: 0,
      }),
      createAuth({ vocabulary: llm, store: createKyselyTokenStore(await openTokens()), digestKey }),
    ];
    const { token, record } = await here.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, here.operator());
    await here.verify(token);
    await elsewhere.revoke(record.id, elsewhere.operator());
    await expect(here.verify(token)).rejects.toThrow(expect.objectContaining({ code: 'AUTH_TOKEN_REVOKED' }));
  });

  it('leave no secret in the file', async () => {
    const auth = createAuth({ vocabulary: llm, store: createKyselyTokenStore(await openTokens()), digestKey });
    const { token } = await auth.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, auth.operator());
    await auth.verify(token);
    await auth.close();
    const bytes = Buffer.concat([await readFile(file), await readFile(`${file}-wal`)]).toString('latin1');
    expect(bytes).toContain('ci-bot');
    expect(bytes).not.toContain(token.split(':')[1]);
  });

  it('allow nothing when somebody wrote what is no JSON into their grant', async () => {
    const database = await openTokens();
    const auth = createAuth({ vocabulary: llm, store: createKyselyTokenStore(database), digestKey });
    const { token } = await auth.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, auth.operator());
    await database.updateTable('tokens').set({ grant_json: '{"actions":["*"' }).execute();
    expect(auth.decide(await auth.verify(token), { action: 'chat' })).toMatchObject({ allowed: false });
  });
});

describe('migrate', () => {
  const notes: Migrations = {
    '0002-more': async (database) => {
      await sql`alter table notes add column more text`.execute(database);
    },
    '0001-notes': async (database) => {
      await sql`create table notes (text text)`.execute(database);
    },
  };

  it('runs each migration once, in the order of their names, beside those of others', async () => {
    const database = await openTokens();
    await migrate(database, notes, 'note_migrations');
    await migrate(database, notes, 'note_migrations');
    expect((await sql`select name from note_migrations order by name`.execute(database)).rows).toEqual([
      { name: '0001-notes' },
      { name: '0002-more' },
    ]);
    expect((await sql`select text, more from notes`.execute(database)).rows).toEqual([]);
  });

  it('runs all or none', async () => {
    const database = await openTokens();
    const broken: Migrations = { ...notes, '0003-broken': () => Promise.reject(new Error('broken')) };
    await expect(migrate(database, broken, 'note_migrations')).rejects.toThrow('broken');
    await expect(sql`select * from notes`.execute(database)).rejects.toThrow('no such table');
    await migrate(database, notes, 'note_migrations');
  });

  it('refuses a database that a newer version has migrated', async () => {
    const database = await openTokens();
    await migrate(database, { ...notes, '0003-newer': async () => undefined }, 'note_migrations');
    await expect(migrate(database, notes, 'note_migrations')).rejects.toThrow('0003-newer');
  });
});
