import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createKeyedRequests, type KeyedRequest, type Taken } from '../../src/idempotency/keyed-requests.ts';
import type { KeyedRun } from '../../src/idempotency/keyed-run.ts';
import { createKyselyRequestStore, type RequestBounds } from '../../src/idempotency/kysely-request-store.ts';
import { openDatabase } from '../../src/state/database.ts';
import { openKeyedRequestTables } from '../scripted/databases.ts';
import { createPostgresDatabase } from '../scripted/postgres-database.ts';

const postgres = await createPostgresDatabase();

async function openOnPostgres() {
  const owner = new AsyncDisposableStack();
  const { keyedRequests } = await openDatabase(postgres.url, owner);
  await sql`delete from keyed_request`.execute(keyedRequests);
  onTestFinished(() => owner.disposeAsync());
  return keyedRequests;
}

const BOUNDS: RequestBounds = { requests: 100, bytes: 100_000 };
const BOUND_BYTES = 1_048_576;

const request = (name: string, more: Partial<KeyedRequest> = {}): KeyedRequest => ({
  name: [name],
  rootId: 'root',
  content: 'do it',
  authority: 'may',
  showsSecret: false,
  ...more,
});

const said = (body: string) => ({ status: 200, headers: { 'content-type': 'text/plain' }, body });

const runOf = (taken: Taken): KeyedRun => ('run' in taken ? taken.run : expect.fail('it is not to be carried out'));

describe.each([
  { name: 'SQLite', open: () => openKeyedRequestTables() },
  { name: postgres.name, open: openOnPostgres },
])('requests with a key on $name', ({ open }) => {
  async function servers(bounds: RequestBounds = BOUNDS) {
    const database = await open();
    const time = { now: Date.parse('2027-01-01T00:00:00Z') };
    const start = () => {
      const lost: unknown[] = [];
      const server = createKeyedRequests({
        store: createKyselyRequestStore(database, bounds),
        secrets: [new Uint8Array(32).fill(7)],
        oldestSecret: new Uint8Array(32).fill(7),
        clock: () => new Date(time.now),
        hours: 24,
        onLost: (cause) => lost.push(cause),
      });
      // What still runs here was killed.
      onTestFinished(() => void server[Symbol.asyncDispose]());
      const take = (one: KeyedRequest, signal = new AbortController().signal) => server.take(one, signal);
      return { ...server, lost, take };
    };
    return { database, time, start };
  }

  it('are carried out by one of two servers, and the other has the answer', async () => {
    const { start } = await servers();
    const [one, other] = [start(), start()];
    const taken = await Promise.race([one.take(request('k')), other.take(request('k'))]);
    const run = runOf(taken);
    const late = other.take(request('k'));
    await run.answer(said('done'));
    expect(await late).toEqual({ answer: said('done') });
    expect(await one.take(request('k'))).toEqual({ answer: said('done') });
  });

  it('are carried out once, however many come at once', async () => {
    const { start } = await servers();
    const [one, other] = [start(), start()];
    const all = Array.from({ length: 10 }, (_, index) => (index % 2 ? one : other).take(request('k')));
    const first = runOf(await Promise.race(all));
    await first.answer(said('done'));
    const ends = await Promise.all(all);
    expect(ends.filter((end) => 'run' in end)).toHaveLength(1);
    expect(ends.filter((end) => 'answer' in end)).toHaveLength(9);
  });

  it('are not carried out again when the server that did it was killed, and are said to be of unknown outcome', async () => {
    const { start, time } = await servers();
    runOf(await start().take(request('k')));
    time.now += 10_001;
    await expect(start().take(request('k'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_OUTCOME_UNKNOWN' });
    await expect(start().take(request('k'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_OUTCOME_UNKNOWN' });
  });

  it('are given back when nothing was done, also to one that waits', async () => {
    const { start } = await servers();
    const [one, other] = [start(), start()];
    const run = runOf(await one.take(request('k')));
    const [here, there] = [one.take(request('k')), other.take(request('k'))];
    await run.release();
    const next = runOf(await Promise.race([here, there]));
    await next.answer(said('second'));
    expect([await here, await there]).toContainEqual({ answer: said('second') });
  });

  it('mean one request until their time is over, whatever was kept of it', async () => {
    const { start, time } = await servers();
    const server = start();
    await runOf(await server.take(request('k'))).answer(said('x'.repeat(BOUND_BYTES)));
    await expect(server.take(request('k'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_ANSWER_GONE' });
    await expect(server.take(request('k', { content: 'else' }))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    await expect(server.take(request('k', { authority: 'less' }))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    time.now += 24 * 3_600_000 + 1;
    runOf(await server.take(request('k', { content: 'else' })));
  });

  it('keep secrets for ten minutes, and are swept', async () => {
    const { start, time, database } = await servers();
    const server = start();
    await runOf(await server.take(request('k', { showsSecret: true }))).answer(said('sk-lm-secret'));
    const rows = () => database.selectFrom('keyed_request').selectAll().execute();
    expect(JSON.stringify(await rows())).not.toContain('sk-lm-secret');
    expect(await server.take(request('k', { showsSecret: true }))).toEqual({ answer: said('sk-lm-secret') });
    time.now += 600_000;
    await server.sweep();
    expect(await rows()).toMatchObject([{ answer: null, answer_bytes: 0 }]);
    await expect(server.take(request('k'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_ANSWER_GONE' });
    time.now += 24 * 3_600_000;
    await server.sweep();
    expect(await rows()).toEqual([]);
  });

  it('are bounded for each root token in their number, and in the bytes of their answers', async () => {
    const { start, time } = await servers({ requests: 3, bytes: 5000 });
    const server = start();
    for (const key of ['a', 'b', 'c']) {
      await runOf(await server.take(request(key))).answer(said('x'.repeat(1000)));
      time.now += 1;
    }
    await expect(server.take(request('d'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEYS_EXCEEDED' });
    runOf(await server.take(request('d', { rootId: 'other' })));
    await expect(server.take(request('a'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_ANSWER_GONE' });
    expect(await server.take(request('c'))).toMatchObject({ answer: { status: 200 } });
  });

  it('lose their answer, and nothing else, when it cannot be kept', async () => {
    const { start, database, time } = await servers();
    const server = start();
    const run = runOf(await server.take(request('k')));
    await sql`alter table keyed_request rename to gone`.execute(database);
    await run.answer(said('done'));
    await sql`alter table gone rename to keyed_request`.execute(database);
    expect(server.lost).toHaveLength(1);
    time.now += 10_001;
    await expect(server.take(request('k'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_OUTCOME_UNKNOWN' });
  });

  it('are not waited for by a caller that has gone', async () => {
    const { start } = await servers();
    const [one, other] = [start(), start()];
    runOf(await one.take(request('k')));
    for (const server of [one, other]) {
      const gone = new AbortController();
      const waits = server.take(request('k'), gone.signal);
      gone.abort(new Error('gone'));
      await expect(waits).rejects.toThrow('gone');
    }
  });
});
