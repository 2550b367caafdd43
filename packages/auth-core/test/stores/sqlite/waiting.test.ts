import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuth, createMeter } from '../../../src/index.ts';
import {
  createKyselyLimitStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openSqlite } from '../../../src/stores/sqlite/index.ts';
import { createWriteTurns } from '../../../src/stores/sqlite/write-turns.ts';
import { llm } from '../../words.ts';
import type { Program } from '../program.ts';
import { startLocking } from './writing-process.ts';

let folder: string;
let file: string;
let database: Kysely<unknown>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-waiting-'));
  file = join(folder, 'state.db');
  database = openSqlite(file);
  await migrate(database, tokenMigrations, 'token_migrations');
});

afterEach(async () => {
  await database.destroy();
  await rm(folder, { recursive: true });
});

/** Another process that holds the write lock of the file. Its lock ends only when this process says so. */
async function lockElsewhere(): Promise<Program> {
  const program = startLocking(file);
  program.go();
  expect(await program.nextLine()).toBe('locked');
  return program;
}

async function unlock(program: Program): Promise<void> {
  program.go();
  expect(await program.nextLine()).toBe('free');
  program.kill();
}

describe('SQLite while another process writes', () => {
  it('lets a token be verified while writes of its own wait, and writes them afterwards', async () => {
    const auth = createAuth({
      vocabulary: llm,
      store: createKyselyTokenStore(database),
      digestKey: new Uint8Array(32).fill(1),
      cacheMilliseconds: 0,
    });
    const meter = createMeter({ vocabulary: llm, store: createKyselyLimitStore(database) });
    const grant = { actions: ['chat' as const], limits: { requestsPerMinute: 9 } };
    const { token } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
    const principal = await auth.verify(token);

    const program = await lockElsewhere();
    // One statement, and one transaction: both wait, and neither may keep the rest from running.
    let done = 0;
    const issuing = auth.issue({ name: 'another', grant }, auth.operator()).finally(() => done++);
    const admitting = meter.admit(principal).finally(() => done++);
    for (let round = 0; round < 20; round++) expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
    expect(done).toBe(0);
    await unlock(program);
    expect((await issuing).record.name).toBe('another');
    expect((await admitting).states).toMatchObject([{ remaining: 8 }]);
  });

  it('opens a file that is locked, and waits with the first query', async () => {
    const program = await lockElsewhere();
    const other = openSqlite<unknown>(file);
    const writing = sql`create table notes (text text)`.execute(other);
    const reading = sql`select count(*) as count from tokens`.execute(other);
    expect((await reading).rows).toEqual([{ count: 0 }]);
    await unlock(program);
    await writing;
    await other.destroy();
  });
});

describe('SQLite while this process writes', () => {
  it('reads what was committed, beside a transaction that runs', async () => {
    await sql`create table notes (text text)`.execute(database);
    const count = async (from: Kysely<unknown>) =>
      (await sql<{ count: number }>`select count(*) as count from notes`.execute(from)).rows[0]?.count;
    await database.transaction().execute(async (transaction) => {
      await sql`insert into notes values ('half')`.execute(transaction);
      expect(await count(transaction)).toBe(1);
      expect(await count(database)).toBe(0);
    });
    expect(await count(database)).toBe(1);
  });

  it('takes a statement back to a savepoint', async () => {
    await sql`create table notes (text text)`.execute(database);
    const transaction = await database.startTransaction().execute();
    await sql`insert into notes values ('kept')`.execute(transaction);
    const saved = await transaction.savepoint('here').execute();
    await sql`insert into notes values ('taken back')`.execute(saved);
    await (await saved.rollbackToSavepoint('here').execute()).releaseSavepoint('here').execute();
    await transaction.commit().execute();
    expect((await sql`select text from notes`.execute(database)).rows).toEqual([{ text: 'kept' }]);
  });
});

describe('the turns of writes', () => {
  it('come in the order of the calls, each after the end of the one before', async () => {
    const turns = createWriteTurns();
    const order: string[] = [];
    const first = await turns.take();
    const others = ['second', 'third'].map(async (name) => {
      const end = await turns.take();
      order.push(name);
      end();
      end();
    });
    order.push('first');
    first();
    await Promise.all(others);
    expect(order).toEqual(['first', 'second', 'third']);
    (await turns.take())();
  });

  it('fail when they do not come, and take no turn later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const turns = createWriteTurns();
      const first = await turns.take();
      const second = turns.take();
      const failed = expect(second).rejects.toThrow('not free for a write');
      await vi.advanceTimersByTimeAsync(30_000);
      await failed;
      first();
      (await turns.take())();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('queries of SQLite in a row', () => {
  it.each([
    ['reads', sql`select 1`],
    ['writes', sql`update tokens set name = name`],
  ])('leave the event loop its turns: %s', async (_, query) => {
    let heard = false;
    setTimeout(() => {
      heard = true;
    });
    for (let count = 0; !heard && count < 200_000; count++) await query.execute(database);
    expect(heard).toBe(true);
  });
});
