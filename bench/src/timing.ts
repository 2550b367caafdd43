// `node bench/src/timing.ts`: does the response time reveal that an id exists, or how much of a secret is right?
// The tests count the work; this measures it. It exits with 1 when the difference is more than chance.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuth, createMemoryTokenStore, type TokenStore } from '@latchkey/auth-core';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import { createKyselyTokenStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import { median } from './table.ts';

const ROUNDS = 6000;
const WARM_UP = 1000;
/**
 * In how many of 100 pairs, each with one refusal of each kind, the second may take longer: 50 is chance, with a
 * standard error of 0.5. The remaining difference, less than half a microsecond, comes from the order in which a
 * refusal looks up something that exists and something that does not. Without the second lookup, it is 65 to 94.
 */
const LEAST = 40;
const MOST = 60;

/**
 * Measures the two refusals by turns, in random order. Their texts are made beforehand, each in one piece and next to
 * each other, because the time to make a text, or to find it in memory, is not part of the refusal.
 */
async function compare(auth: Auth, first: () => string, second: () => string): Promise<readonly [number[], number[]]> {
  const times: readonly [number[], number[]] = [[], []];
  const rounds = Array.from({ length: ROUNDS + WARM_UP }, () => {
    const turns = Math.random() < 0.5 ? ([0, 1] as const) : ([1, 0] as const);
    return turns.map((turn) => ({ turn, text: Buffer.from((turn === 0 ? first : second)()).toString('latin1') }));
  });
  for (const [round, turns] of rounds.entries()) {
    for (const { turn, text } of turns) {
      const start = performance.now();
      await auth.verify(text).catch(() => undefined);
      const took = performance.now() - start;
      if (round >= WARM_UP) times[turn].push(took);
    }
  }
  return times;
}

/**
 * The Mann-Whitney U test: it compares ranks, so an outlier counts only by its rank. Returns the deviation from chance
 * in standard deviations, and how often a time of the second is the longer one.
 */
function rankSum([first, second]: readonly [readonly number[], readonly number[]]) {
  const all = [...first.map((time) => ({ time, group: 0 })), ...second.map((time) => ({ time, group: 1 }))];
  all.sort((left, right) => left.time - right.time);
  let sum = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end]?.time === all[start]?.time) end += 1;
    // Equal times share the mean of their ranks.
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
  const auth = createAuth({ vocabulary: llm, store, digestKey: new Uint8Array(32).fill(7), cacheMilliseconds: 0 });
  const issued: string[] = [];
  for (let index = 0; index < 1000; index += 1) {
    issued.push((await auth.issue({ name: 'x', grant: { actions: ['chat'] } }, auth.operator())).token);
  }
  const [absent, another] = [draw(8), draw(8)];
  // An attacker that probes whether an id exists requests the same id repeatedly.
  const [suspect = ''] = issued;
  const unknown = (id: string) => (): string => `sk-lm-${id}:${draw(20)}`;
  const wrong = (): string => `${suspect.slice(0, -20)}${draw(20)}`;
  // Both have a beginning that stays the same: an unchanged text is read faster, whether or not it is right.
  const beginning = draw(16);
  const farFromRight = (): string => `${suspect.slice(0, -20)}${beginning}${draw(4)}`;
  const nearlyRight = (): string => `${suspect.slice(0, -4)}${draw(4)}`;
  let fine = true;
  for (const [what, first, second] of [
    ['an unknown id / another one, to compare with', unknown(absent), unknown(another)],
    ['unknown id / wrong secret', unknown(absent), wrong],
    ['16 wrong characters of a secret / 16 right ones', farFromRight, nearlyRight],
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
