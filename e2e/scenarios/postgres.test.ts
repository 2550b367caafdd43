import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { type Api, createApi } from '../support/api.ts';
import { enginePid, LONG_TALK } from '../support/engine.ts';
import { type CommandOutcome, runLatchkey } from '../support/latchkey-command.ts';
import { createDatabase } from '../support/postgres.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const database = await createDatabase();
const environment = { LATCHKEY_DATABASE: database.url, LATCHKEY_SECRET: 'one secret for all servers of a database' };

let folder: TemporaryFolder;
let first: TestServer;
let second: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  first = await startServer({ environment });
  // There is one administrator, whose token the first server has made.
  const data = join(folder.path, 'second');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'admin-token'), first.adminToken, { mode: 0o600 });
  second = await startServer({ environment, data });
});
afterAll(async () => {
  await second[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const onSecond = (token: string): Api => createApi(second.url, token);
const whoami = (holder: Api) => holder.get('/api/v1/whoami');

/** What `latchkey serve` says when it does not start. */
async function refusal(change: Record<string, string>): Promise<CommandOutcome> {
  const data = join(folder.path, 'refused');
  return runLatchkey(['serve', '--data', data, '--port', '0'], { environment: { ...environment, ...change } });
}

describe(`two servers on ${database.name}`, () => {
  verifies('shared.token', async () => {
    const holder = await createToken(first, 'shared', CHAT_GRANT);
    expect((await onSecond(holder.token).chat({ input: 'Hello' })).status).toBe(200);
    const { body } = await second.admin.get('/api/v1/tokens');
    expect(body.tokens).toContainEqual(expect.objectContaining({ id: holder.id }));
  });

  verifies('shared.conversation', async () => {
    const holder = await createToken(first, 'talker', CHAT_GRANT);
    const { body } = await holder.chat({ input: 'My favorite color is teal.' });
    const answer = await onSecond(holder.token).chat({
      input: 'What is my favorite color?',
      previous_response_id: body.response_id,
    });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer.body.output)).toContain('teal');
  });

  verifies('shared.revoke', async () => {
    const holder = await createToken(first, 'revoked', CHAT_GRANT);
    const elsewhere = onSecond(holder.token);
    expect((await whoami(elsewhere)).status).toBe(200);
    await enginePid(second);
    const stream = await elsewhere.stream(LONG_TALK);
    await stream.until('message.delta');
    expect((await first.admin.delete(`/api/v1/tokens/${holder.id}`)).status).toBe(200);
    const error = (await stream.all()).find(({ name }) => name === 'error');
    expect(error?.data).toMatchObject({ error: { code: 'token_revoked' } });
    expect(await whoami(elsewhere)).toMatchObject({ status: 401, body: { error: { code: 'token_revoked' } } });
  });

  verifies('shared.limits', async () => {
    const counted = await createToken(first, 'counted', { ...CHAT_GRANT, limits: { tokensPerDay: 100_000 } });
    for (const api of [counted, onSecond(counted.token)]) expect((await api.chat({ input: 'Hello' })).status).toBe(200);
    const left = async (api: Api) => (await whoami(api)).body.limits[0].remaining;
    const remaining = await left(counted);
    expect(remaining).toBeLessThan(100_000);
    expect(await left(onSecond(counted.token))).toBe(remaining);

    const holder = await createToken(first, 'alone', { ...CHAT_GRANT, limits: { concurrentRequests: 1 } });
    const elsewhere = onSecond(holder.token);
    await enginePid(first);
    const stream = await holder.stream(LONG_TALK);
    await stream.until('message.delta');
    expect(await elsewhere.chat({ input: 'Hello' })).toMatchObject({ status: 429 });
    stream.leave();
    await expect.poll(async () => (await elsewhere.chat({ input: 'Hello' })).status).toBe(200);
  });

  verifies('shared.settings', async () => {
    const { body } = await first.admin.patch('/api/v1/settings', { accessTokenTtl: 120 });
    expect(body.accessTokenTtl).toBe(120);
    const elsewhere = async () => (await second.admin.get('/api/v1/settings')).body.accessTokenTtl;
    await expect.poll(elsewhere).toBe(120);
  });

  verifies('shared.secret', async () => {
    const outcome = await refusal({ LATCHKEY_SECRET: 'another secret, which is as long as it has to be' });
    expect(outcome).toMatchObject({ exitCode: 8, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^latchkey: This database is used with another secret[^\n]+LATCHKEY_SECRET[^\n]+\n$/,
    );
  });

  verifies('shared.refused', async () => {
    const absent = await refusal({ LATCHKEY_DATABASE: 'postgres://ada:s3cr3t-word@127.0.0.1:1/none' });
    expect(absent).toMatchObject({ exitCode: 7, stdout: '' });
    expect(absent.stderr).toMatch(
      /^latchkey: The database postgres:\/\/ada@127\.0\.0\.1:1\/none cannot be used: [^\n]+\n$/,
    );
    expect(absent.stderr).not.toContain('s3cr3t');
    const wrong = await refusal({ LATCHKEY_DATABASE: 'mysql://ada:s3cr3t-word@127.0.0.1/none' });
    expect(wrong.stderr).toMatch(/^latchkey: LATCHKEY_DATABASE: must be [^\n]+\n$/);
    expect(wrong.stderr).not.toContain('s3cr3t');
  });

  verifies('shared.offline', async () => {
    const data = join(folder.path, 'offline');
    const grant = JSON.stringify(CHAT_GRANT);
    const { exitCode, stdout, stderr } = await runLatchkey(
      ['token', 'create', '--name', 'offline', '--data', data, '--grant', grant],
      { environment },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect((await whoami(onSecond(stdout.trim()))).body.name).toBe('offline');
  });
});
