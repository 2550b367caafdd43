// `node bench/src/timing.ts`: can anybody tell by the time it takes that an id exists, or how much of a secret is right?
// The tests count the work; this measures it. It exits with 1 where the difference is more than chance.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Auth, createAuth, createMemoryTokenStore, type TokenStore } from '@latchkey/auth-core';
import { createKyselyTokenStore, migrate, openSqlite, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { median } from './table.ts';

const ROUNDS = 6000;
const WARM_UP = 1000;
/**
 * In how many of 100 pairs, each of one refusal and one of the other sort, the second may take longer: 50 is chance. The
 * standard error is 0.5, and what is left beyond it, less than a microsecond, is where in memory things happen to lie.
 * Without the second look into the store that makes refusals alike, it is 73 to 94.
 */
const LEAST = 35;
const MOST = 65;

/** The two refusals that are compared, measured in turns, in an order that chance decides. */
async function compare(auth: Auth, first: () => string, second: () => string): Promise<readonly [number[], number[]]> {
  const times: readonly [number[], number[]] = [[], []];
  // Made beforehand, and in one piece: what it takes to make one is not what it takes to refuse it.
  const make = (text: () => string) =>
    Array.from({ length: ROUNDS + WARM_UP }, () => Buffer.from(text()).toString('latin1'));
  const texts = [make(first), make(second)] as const;
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const turns = Math.random() < 0.5 ? ([0, 1] as const) : ([1, 0] as const);
    for (const turn of turns) {
      const text = texts[turn][round] ?? '';
      const start = performance.now();
      await auth.verify(text).catch(() => undefined);
      const took = performance.now() - start;
      if (round >= WARM_UP) times[turn].push(took);
    }
  }
  return times;
}

/**
 * Mann-Whitney's U test: it compares ranks, so that no outlier counts for more than its place. Returns the deviation
 * from chance in standard deviations, and how often a time of the second is the longer one.
 */
function rankSum([first, second]: readonly [readonly number[], readonly number[]]) {
  const all = [...first.map((time) => ({ time, group: 0 })), ...second.map((time) => ({ time, group: 1 }))];
  all.sort((left, right) => left.time - right.time);
  let sum = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end]?.time === all[start]?.time) end += 1;
    // Equal times share the middle of their ranks.
    const rank = (start + 1 + end) / 2;
    for (let index = start; index < end; index += 1) if (all[index]?.group === 1) sum += rank;
    start = end;
  }
  const [n, m] = [first.length, second.length];
  const u = sum - (m * (m + 1)) / 2;
  const deviation = Math.sqrt((n * m * (n + m + 1)) / 12);
  return { z: (u - (n * m) / 2) / deviation, longer: u / (n * m) };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const draw = (length: number): string =>
  Array.from({ length }, () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)]).join('');

async function measureStore(name: string, store: TokenStore): Promise<boolean> {
  const auth = createAuth({ store, digestKey: new Uint8Array(32).fill(7), cacheMilliseconds: 0 });
  const issued: string[] = [];
  for (let index = 0; index < 1000; index += 1) {
    issued.push((await auth.issue({ name: 'x', grant: { actions: ['chat'] } }, auth.operator())).token);
  }
  const absent = draw(8);
  // Whoever wants to know whether an id exists asks about that one again and again.
  const [suspect = ''] = issued;
  const unknown = (): string => `sk-lm-${absent}:${draw(20)}`;
  const wrong = (): string => `${suspect.slice(0, -20)}${draw(20)}`;
  const nearlyRight = (): string => `${suspect.slice(0, -4)}${draw(20).slice(0, 4)}`;
  let fine = true;
  for (const [what, first, second] of [
    ['unknown id / wrong secret', unknown, wrong],
    ['a wrong secret / one that is wrong in its last four characters', wrong, nearlyRight],
  ] as const) {
    const times = await compare(auth, first, second);
    const { z, longer } = rankSum(times);
    const pairs = longer * 100;
    const passes = pairs >= LEAST && pairs <= MOST;
    fine &&= passes;
    const medians = times.map((list) => `${(median(list) * 1000).toFixed(1)} µs`).join(' / ');
    console.log(
      `${passes ? 'ok  ' : 'FAIL'} ${name}, ${what}: the second takes longer in ${pairs.toFixed(1)} of 100 pairs ` +
        `(${LEAST} to ${MOST}), z = ${z.toFixed(1)}, medians ${medians}, n = ${ROUNDS}`,
    );
  }
  return fine;
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-timing-'));
try {
  const database = openSqlite(join(folder, 'tokens.db'));
  await migrate(database, tokenMigrations, 'token_migrations');
  const results = [
    await measureStore('memory', createMemoryTokenStore()),
    await measureStore('SQLite', createKyselyTokenStore(database)),
  ];
  await database.destroy();
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
