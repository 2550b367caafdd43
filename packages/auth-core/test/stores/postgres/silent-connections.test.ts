import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuth, createMeter, type TokenStore } from '../../../src/index.ts';
import {
  createKyselyLimitStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../../src/stores/kysely/index.ts';
import { openPostgres, watchPostgresTokens } from '../../../src/stores/postgres/index.ts';
import { type FaultyProxy, startProxy } from '../../postgres/faulty-proxy.ts';
import { createTestDatabase } from '../../postgres/test-database.ts';
import { llm } from '../../words.ts';

const postgres = await createTestDatabase();
/** How long queries wait here, so that the tests need not wait for the defaults. */
const ENDS = { query_timeout: 500, connectionTimeoutMillis: 500 };
let database: Kysely<unknown>;
let proxy: FaultyProxy;
const open: Kysely<unknown>[] = [];

beforeEach(async () => {
  database = openPostgres(postgres.url);
  await migrate(database, tokenMigrations, 'token_migrations');
  proxy = await startProxy(postgres.url);
});

afterEach(async () => {
  vi.useRealTimers();
  for (const opened of open.splice(0)) await opened.destroy();
  await proxy.close();
  await database.destroy();
  await postgres.clear();
});

function openThroughProxy(): Kysely<unknown> {
  const opened = openPostgres<unknown>({ connectionString: proxy.url, max: 3, ...ENDS });
  open.push(opened);
  return opened;
}

const UNAVAILABLE = { code: 'AUTH_STORE_UNAVAILABLE' };

/** An installation behind the proxy, with a verified token whose requests are limited. */
async function install() {
  const through = openThroughProxy();
  const store = createKyselyTokenStore(through);
  const auth = createAuth({ vocabulary: llm, store, digestKey: new Uint8Array(32).fill(1), cacheMilliseconds: 0 });
  const meter = createMeter({ vocabulary: llm, store: createKyselyLimitStore(through) });
  const grant = { actions: ['chat' as const], limits: { requestsPerMinute: 99 } };
  const { token } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
  const principal = await auth.verify(token);
  // All the connections of the pool.
  await Promise.all(Array.from({ length: 3 }, () => meter.admit(principal)));
  return { auth, meter, token, principal };
}

describe.runIf(postgres.parallel)(`connections to ${postgres.name} that fall silent`, () => {
  it.each(['silence', 'swallowAnswers'] as const)('end what waits for them, and are replaced (%s)', async (fault) => {
    const { auth, meter, token, principal } = await install();
    proxy[fault]();
    const waiting = [
      ...Array.from({ length: 6 }, () => auth.introspect(token)),
      ...Array.from({ length: 3 }, () => meter.admit(principal)),
    ];
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
    }
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
    expect((await meter.admit(principal)).states).toHaveLength(1);
  });

  it('are not waited for when they are new', async () => {
    proxy.setNew('ignored');
    await expect(sql`select 1`.execute(openThroughProxy())).rejects.toThrow();
    proxy.setNew('passed on');
  });

  it('say how long there was no answer', async () => {
    const through = openThroughProxy();
    await sql`select 1`.execute(through);
    proxy.silence();
    await expect(sql`select 1`.execute(through)).rejects.toThrow('has not answered within 500 ms');
  });

  it('are not mistaken for those that are slow', async () => {
    const { auth, token } = await install();
    proxy.delay(20);
    expect(await auth.verify(token)).toMatchObject({ name: 'ci-bot' });
  });

  it('leave a migration as much time as it needs', async () => {
    const through = openThroughProxy();
    const slow = {
      '0001-slow': async (migrating: Kysely<unknown>) => void (await sql`select pg_sleep(1)`.execute(migrating)),
    };
    await migrate(through, slow, 'note_migrations');
    await expect(sql`select pg_sleep(5)`.execute(through)).rejects.toThrow('has not answered');
  });
});

describe.runIf(postgres.parallel)(`watching tokens on ${postgres.name} through gaps`, () => {
  async function insertTokens(...ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await sql`insert into tokens (id, kind, name, digest, grant_json, owner, created_at, created_by, version)
        values (${id}, 'api-key', 'name', 'digest', '{}', 'ada', '', '', 1)`.execute(database);
    }
  }

  async function revokeToken(id: string): Promise<void> {
    await sql`update tokens set revoked_at = '2027-01-01T00:00:00.000Z' where id = ${id}`.execute(database);
  }

  async function watch() {
    const ended: string[] = [];
    const store: TokenStore = createKyselyTokenStore(database, { watch: watchPostgresTokens(proxy.url) });
    const stop = await store.watch?.(async (changes) => {
      ended.push(...changes.filter((change) => change.ended).map(({ id }) => id));
    });
    return { ended, stop: async () => stop?.() };
  }

  it('reports what was revoked while its connection was away', async () => {
    await insertTokens('in the gap', 'deleted');
    const { ended, stop } = await watch();
    proxy.setNew('closed');
    proxy.cut();
    await expect.poll(() => proxy.open).toBe(0);
    await revokeToken('in the gap');
    await sql`delete from tokens where id = 'deleted'`.execute(database);
    proxy.setNew('passed on');
    await expect.poll(() => ended.toSorted()).toEqual(['deleted', 'in the gap']);
    await stop();
  });

  it('reports it within a second after the database is back, however long it was away', async () => {
    await insertTokens('in the gap');
    const { ended, stop } = await watch();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    proxy.setNew('closed');
    proxy.cut();
    // The pauses between attempts become as long as they ever do.
    while (proxy.closed < 9) {
      await vi.advanceTimersByTimeAsync(5000);
      await setImmediate();
    }
    await revokeToken('in the gap');
    proxy.setNew('passed on');
    for (let passed = 0; passed < 1000; passed += 100) {
      await sql`select 1`.execute(database);
      await vi.advanceTimersByTimeAsync(100);
    }
    // No more time passes for timers.
    while (ended.length === 0) await setImmediate();
    expect(ended).toEqual(['in the gap']);
    vi.useRealTimers();
    await stop();
  });

  it('notices a connection that has died without a word', async () => {
    await insertTokens('unheard');
    const { ended, stop } = await watch();
    proxy.silence();
    await revokeToken('unheard');
    await expect.poll(() => ended, { timeout: 50_000 }).toEqual(['unheard']);
    await stop();
  });

  it('can be stopped while its connection is dead', async () => {
    const { stop } = await watch();
    proxy.silence();
    await stop();
  });

  it('reports a change whose transaction began long before others that were reported', async () => {
    await insertTokens('early', 'late');
    const { ended, stop } = await watch();
    await database.transaction().execute(async (transaction) => {
      await sql`update tokens set revoked_at = 'now' where id = 'early'`.execute(transaction);
      await revokeToken('late');
      await expect.poll(() => ended).toEqual(['late']);
    });
    await expect.poll(() => ended).toEqual(['late', 'early']);
    await stop();
  });

  it('reports thousands at once, a batch after the other, and each once', async () => {
    await sql`insert into tokens (id, kind, name, digest, grant_json, owner, created_at, created_by, version)
      select 'token ' || number, 'api-key', 'name', 'digest', '{}', 'ada', '', '', 1
      from generate_series(1, 3500) as number`.execute(database);
    const batches: number[] = [];
    const ended = new Set<string>();
    const store = createKyselyTokenStore(database, { watch: watchPostgresTokens(proxy.url) });
    const stop = await store.watch?.(async (changes) => {
      const fresh = changes.filter((change) => change.ended).map(({ id }) => id);
      if (fresh.length > 0) batches.push(fresh.length);
      for (const id of fresh) ended.add(id);
    });
    await sql`update tokens set revoked_at = 'now'`.execute(database);
    await expect.poll(() => ended.size).toBe(3500);
    expect(batches).toEqual([1000, 1000, 1000, 500]);
    await stop?.();
  });
});
