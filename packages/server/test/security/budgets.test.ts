import { join } from 'node:path';
import { createMeter, type LimitStore } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { createKyselyLimitStore, migrate, type TokenSchema, tokenMigrations } from '@latchkey/auth-core/stores/kysely';
import { openSqlite } from '@latchkey/auth-core/stores/sqlite';
import { says } from '@latchkey/engine/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

/** The counters of an installation, in a database of their own. */
async function openLimits(): Promise<LimitStore> {
  const database = openSqlite<TokenSchema>(join(temporaryFolder(), 'limits.db'));
  onTestFinished(() => database.destroy());
  await migrate(database, tokenMigrations, 'token_migrations');
  return createKyselyLimitStore(database);
}

describe('a budget (counted after the fact, open when the counter fails)', () => {
  it('of one request lets one of 200 at once through, which is counted in SQLite', async () => {
    const meter = createMeter({ vocabulary: llm, store: await openLimits() });
    onTestFinished(() => meter.close());
    const server = await newServer({ app: { meter } });
    const token = await server.issue({ actions: ['models:read'], models: ['*'], limits: { requestsPerMinute: 1 } });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => send(server.app, { path: '/v1/models', token })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 199 }, () => 429)]);
  }, 60_000);

  it('of one stream lets one of 50 at once begin', async () => {
    const meter = createMeter({ vocabulary: llm, store: await openLimits() });
    onTestFinished(() => meter.close());
    const server = await newServer({ turns: Array.from({ length: 50 }, () => says('Hi')), app: { meter } });
    const token = await server.issue({ actions: ['chat'], models: ['*'], limits: { tokensPerDay: 7 } });
    const body = { model: 'ibm/granite', input: 'Hi' };
    await Promise.all(
      Array.from({ length: 50 }, () => send(server.app, { method: 'POST', path: '/api/v1/chat', token, body })),
    );
    // Each takes all seven tokens that there are.
    expect(server.engine.requests).toHaveLength(1);
  }, 60_000);

  it('that cannot be counted is used up', async () => {
    const meter = createMeter({
      vocabulary: llm,
      store: { ...(await openLimits()), take: () => Promise.reject(new Error('disk on fire')) },
    });
    onTestFinished(() => meter.close());
    const server = await newServer({ app: { meter } });
    const token = await server.issue({ actions: ['models:read'], models: ['*'], limits: { requestsPerMinute: 1000 } });
    const answer = await send(server.app, { path: '/v1/models', token });
    expect([answer.status, answer.text.includes('disk on fire')]).toEqual([503, false]);
  });
});
