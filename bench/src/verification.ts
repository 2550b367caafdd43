import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuth, type TokenStore } from '@latchkey/auth-core';
import { type Auth, llm } from '@latchkey/auth-core/llm';
import { createKyselyTokenStore, migrate, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import jsonwebtoken from 'jsonwebtoken';
import { Bench } from 'tinybench';
import type { Row } from './table.ts';

const MANY = 100_000;
const GRANT = { actions: ['chat', 'models:read'], models: ['*'] } as const;
const DIGEST_KEY = new Uint8Array(32).fill(7);

/** Microseconds to verify a token: a cached API key against jsonwebtoken, and among many tokens against among few. */
export async function measureVerification(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  try {
    await using few = await openTokens(join(folder, 'few.db'), 10);
    await using many = await openTokens(join(folder, 'many.db'), MANY);
    const secret = 'a secret of thirty-two characters';
    const jwt = jsonwebtoken.sign({ sub: 'ada' }, secret, { algorithm: 'HS256', expiresIn: '1h' });
    const bench = new Bench({ time: 1000, warmupTime: 300 });
    bench
      .add('jsonwebtoken', () => {
        jsonwebtoken.verify(jwt, secret, { algorithms: ['HS256'] });
      })
      .add('warm', async () => {
        await few.warm.verify(few.token);
      })
      .add('warm among many', async () => {
        await many.warm.verify(many.token);
      })
      .add('cold', async () => {
        await few.cold.verify(few.token);
      })
      .add('cold among many', async () => {
        await many.cold.verify(many.token);
      });
    await bench.run();
    const took = (name: string): number => {
      const result = bench.getTask(name)?.result;
      if (result === undefined || !('latency' in result)) throw new Error(`${name} was not measured`);
      return result.latency.p50 * 1000;
    };
    const row = (what: string, ours: string, baseline: string, against: string): Row => ({
      what,
      ours: took(ours),
      baseline: took(baseline),
      against,
    });
    return [
      row('µs to verify, API key, warm', 'warm', 'jsonwebtoken', 'jsonwebtoken, HS256'),
      row('µs to verify, API key, cold', 'cold', 'jsonwebtoken', 'jsonwebtoken, HS256'),
      row(`µs, warm, ${MANY} tokens`, 'warm among many', 'warm', 'with 10 tokens'),
      row(`µs, cold, ${MANY} tokens`, 'cold among many', 'cold', 'with 10 tokens'),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface OpenedTokens extends AsyncDisposable {
  readonly token: string;
  readonly warm: Auth;
  /** Reads the store each time. */
  readonly cold: Auth;
}

async function openTokens(path: string, count: number): Promise<OpenedTokens> {
  const database = openSqlite(path);
  await migrate(database, tokenMigrations, 'token_migrations');
  const store = createKyselyTokenStore(database);
  const warm = createAuth({ vocabulary: llm, store, digestKey: DIGEST_KEY });
  const cold = createAuth({ vocabulary: llm, store, digestKey: DIGEST_KEY, cacheMilliseconds: 0 });
  const { token, record } = await warm.issue({ name: 'bench', grant: GRANT }, warm.operator());
  await database.transaction().execute((transaction) => fill(createKyselyTokenStore(transaction), record, count));
  return {
    token,
    warm,
    cold,
    async [Symbol.asyncDispose]() {
      await database.destroy();
    },
  };
}

/** Tokens without a known secret: the time to look up another token among them is the same. */
async function fill(store: TokenStore, like: Awaited<ReturnType<Auth['show']>>, count: number): Promise<void> {
  const { rotateAfter: _, rotationDue: __, ...record } = like;
  for (let index = 0; index < count; index += 1) {
    await store.insert({ ...record, id: index.toString(36).padStart(8, '0'), digest: `${index}`.padStart(64, '0') });
  }
}
