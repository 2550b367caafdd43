// `node bench/src/library-figures.ts`: what auth-core promises, as numbers: of its stores on SQLite and, with DATABASE_URL, on an empty
// PostgreSQL database; of verification, with FORMER, against another checkout, which is built. It exits with 1 when a figure is worse
// than its bound.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createAuditLog, createAuth, type TokenRecord, type TokenStore } from '@latchkey/auth-core';
import {
  createKyselyAuditStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '@latchkey/auth-core/stores/kysely';
import { openPostgres, watchPostgresTokens } from '@latchkey/auth-core/stores/postgres';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import { compareVerification } from './former-verification.ts';

type Database = ReturnType<typeof openSqlite<unknown>>;

const digestKey = new Uint8Array(32).fill(7);
const LOCKED_MILLISECONDS = 4000;
const IDLE_MILLISECONDS = 1000;
const FORMER_PERCENT = 5;
let isFine = true;

/** Says a figure, and whether it is within its bound. */
function tell(what: string, measured: number, bound: number, unit: string): void {
  const passes = measured <= bound;
  isFine &&= passes;
  console.log(`${passes ? 'ok  ' : 'FAIL'} ${what}: ${measured.toFixed(1)} ${unit}, at most ${bound}`);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

function open(database: Database, options: { readonly store?: TokenStore; readonly cacheMilliseconds?: number } = {}) {
  const log = createAuditLog({ store: createKyselyAuditStore(database), key: digestKey });
  return createAuth({ store: createKyselyTokenStore(database), digestKey, audit: log.record, ...options });
}

/** Many tokens, written as they are stored. */
async function fill(store: TokenStore, count: number, owner: string): Promise<readonly TokenRecord[]> {
  const records = Array.from(
    { length: count },
    (_, index): TokenRecord => ({
      id: `${owner}${index}`.padEnd(8, 'x'),
      kind: 'api-key',
      name: `bot ${index}`,
      digest: index.toString(16).padStart(64, '0'),
      grant: { actions: ['usage:read'] },
      owner,
      createdAt: new Date(Date.UTC(2026, 0, 1) + index).toISOString(),
      createdBy: 'local:operator',
      version: 1,
    }),
  );
  for (let start = 0; start < records.length; start += 200) {
    await Promise.all(records.slice(start, start + 200).map((record) => store.insert(record)));
  }
  return records;
}

async function measureStampede(name: string, database: Database): Promise<void> {
  const store = createKyselyTokenStore(database);
  let reads = 0;
  const find: TokenStore['find'] = (id) => {
    reads++;
    return store.find(id);
  };
  const auth = open(database, { store: { ...store, find } });
  const { token } = await auth.issue({ name: 'busy', grant: { actions: ['usage:read'] } }, auth.operator());
  reads = 0;
  await Promise.all(Array.from({ length: 500 }, () => auth.verify(token)));
  tell(`${name}: reads of 500 verifications at once of one cold key`, reads, 2, 'reads');
}

async function measureUses(name: string, database: Database): Promise<void> {
  const auth = open(database);
  const store = createKyselyTokenStore(database);
  const records = await fill(store, 10_000, 'used');
  const uses = new Map(records.map(({ id }) => [id, new Date().toISOString()]));
  const writing = timed(() => store.touch(uses));
  const revoking = await timed(() => auth.revoke(records[5000]?.id ?? '', auth.operator()));
  tell(`${name}: 10,000 times of use`, await writing, 1000, 'ms');
  tell(`${name}: a revocation of one of them meanwhile`, revoking, 200, 'ms');
}

async function measureRevokeAll(name: string, database: Database): Promise<void> {
  const auth = open(database);
  await fill(createKyselyTokenStore(database), 10_000, 'gone');
  const took = await timed(async () => {
    const revoked = await auth.revokeAll({ owner: 'gone' }, auth.operator());
    if (revoked.length !== 10_000) throw new Error(`${revoked.length} tokens were revoked`);
  });
  tell(`${name}: revokeAll of 10,000 tokens`, took, 2000, 'ms');
}

/** The longest stop of the event loop while there is nothing to do: what the machine itself takes. */
async function measureMachine(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (const end = performance.now() + IDLE_MILLISECONDS; performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  delay.disable();
  return delay.max / 1e6;
}

/** The longest stop of the event loop while another process holds the write lock of a file. */
async function measureLock(file: string, database: Database): Promise<void> {
  const auth = open(database);
  const { token } = await auth.issue({ name: 'busy', grant: { actions: ['usage:read'] } }, auth.operator());
  const locking = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { DatabaseSync } from 'node:sqlite';
    const database = new DatabaseSync(${JSON.stringify(file)}, { timeout: 5000 });
    database.exec('begin immediate');
    console.log('locked');
    setTimeout(() => database.exec('commit'), ${LOCKED_MILLISECONDS});`,
  ]);
  const exited = once(locking, 'exit');
  await once(locking.stdout, 'data');
  const own = await measureMachine();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const writing = auth.issue({ name: 'waits', grant: { actions: ['usage:read'] } }, auth.operator());
  let slowest = 0;
  let isWriting = true;
  const written = writing.finally(() => {
    isWriting = false;
  });
  while (isWriting) {
    slowest = Math.max(slowest, await timed(() => auth.verify(token)));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await written;
  delay.disable();
  await exited;
  tell('SQLite: the longest stop of the event loop beside a lock of 4 s', delay.max / 1e6, 25, 'ms');
  console.log(`     (the longest stop of a process that does nothing, on this machine: ${own.toFixed(1)} ms)`);
  tell('SQLite: the slowest verification beside it', slowest, 100, 'ms');
}

async function measureFlood(url: string, database: Database): Promise<void> {
  const records = await fill(createKyselyTokenStore(database), 20_000, 'flood');
  const listening = openPostgres(url);
  const there = open(listening, { store: createKyselyTokenStore(listening, { watch: watchPostgresTokens(url) }) });
  const { token } = await there.issue({ name: 'works', grant: { actions: ['usage:read'] } }, there.operator());
  const told = new Set<string>();
  const { promise: all, resolve } = Promise.withResolvers<void>();
  there.onRevoked((id) => {
    told.add(id);
    if (told.size === records.length) resolve();
  });
  const here = open(database);
  let isOver = false;
  const times: number[] = [];
  const verifying = (async () => {
    while (!isOver) {
      times.push(await timed(() => there.introspect(token)));
      await new Promise((next) => setTimeout(next, 5));
    }
  })();
  const took = await timed(async () => {
    await here.revokeAll({ owner: 'flood' }, here.operator());
    await all;
  });
  isOver = true;
  await verifying;
  times.sort((left, right) => left - right);
  tell('PostgreSQL: 20,000 revocations at once, told to a listener', took, 10_000, 'ms');
  tell('PostgreSQL: verifications meanwhile, 99 of 100', times[Math.floor(times.length * 0.99)] ?? 0, 100, 'ms');
  await there.close();
  await listening.destroy();
}

/** How much slower a warm verification is than in another checkout. By turns, two equal versions differ by some per cent. */
async function measureFormer(checkout: string): Promise<void> {
  const { ours, baseline, ratio = ours / baseline } = await compareVerification(checkout);
  tell('warm verification, slower than in the former version', 100 * (1 / ratio - 1), FORMER_PERCENT, '%');
  console.log(`     (${ours.toFixed(0)} a second, ${baseline.toFixed(0)} in the former version)`);
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-figures-'));
const file = join(folder, 'state.db');
const { DATABASE_URL: url, FORMER: former } = process.env;
try {
  const sqlite = openSqlite<unknown>(file);
  await migrate(sqlite, tokenMigrations, 'token_migrations');
  await measureStampede('SQLite', sqlite);
  await measureUses('SQLite', sqlite);
  await measureRevokeAll('SQLite', sqlite);
  await measureLock(file, sqlite);
  await sqlite.destroy();
  if (url === undefined) console.log('PostgreSQL was not measured: DATABASE_URL is not set.');
  else {
    const postgres = openPostgres<unknown>(url);
    await migrate(postgres, tokenMigrations, 'token_migrations');
    await measureStampede('PostgreSQL', postgres);
    await measureUses('PostgreSQL', postgres);
    await measureRevokeAll('PostgreSQL', postgres);
    await measureFlood(url, postgres);
    await postgres.destroy();
  }
  if (former === undefined) console.log('Warm verification was not compared: FORMER is not set.');
  else await measureFormer(former);
  process.exitCode = isFine ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
