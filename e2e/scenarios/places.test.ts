import type { Grant } from '@latchkey/auth-core/llm';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { LONG_TALK } from '../support/engine.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const GRANT: Grant = { actions: ['chat', 'models:read'], models: ['latchkey/*'] };
const messages = [{ role: 'user' as const, content: 'Hello' }];

let server: TestServer;
let home: TemporaryFolder;
beforeAll(async () => {
  server = await startServer();
  home = createTemporaryFolder();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

const latchkey = (...args: readonly string[]) =>
  runLatchkey(args, {
    environment: {
      HOME: home.path,
      USERPROFILE: home.path,
      LATCHKEY_URL: server.url,
      LATCHKEY_API_TOKEN: server.adminToken,
    },
  });
const switchOn = () => server.admin.patch('/api/v1/settings', { tokenKinds: { 'place-bound': true } });

/** A place, and the id of its token. */
async function makePlace(grant: Grant = GRANT): Promise<{ readonly url: string; readonly id: string }> {
  await switchOn();
  const { status, body } = await server.admin.post('/api/v1/tokens', { name: 'place', kind: 'place-bound', grant });
  expect(status).toBe(201);
  return { url: `${server.url}/t/${body.token}`, id: body.id };
}

describe('a place, for programs without a field for a key', () => {
  verifies('places.command', async () => {
    const make = ['token', 'create', 'kitchen', '--kind', 'place-bound'];
    const off = await latchkey(...make, '--models', 'latchkey/*');
    expect([off.exitCode, off.stderr]).not.toEqual([0, expect.anything()]);
    expect((await latchkey('settings', 'set', 'tokenKinds.place-bound=true')).exitCode).toBe(0);
    const bare = await latchkey(...make);
    expect([bare.exitCode, bare.stderr]).toEqual([2, expect.stringContaining('a grant of its own')]);
    const made = await latchkey(...make, '--models', 'latchkey/*');
    const token = made.stdout.trim();
    expect(token).toMatch(/^lkp_[A-Za-z0-9]{40}$/);
    expect(made.stderr).toContain('/t/');
    expect(made.stderr).not.toContain(token);
    expect((await latchkey('token', 'list')).stdout).toMatch(/kitchen.*place-bound|place-bound.*kitchen/);
    const open = createApi(`${server.url}/t/${token}`, undefined);
    expect((await open.get('/v1/models')).body.data).toMatchObject([{ id: NANO }]);
  });

  verifies('places.clients', async () => {
    const { url } = await makePlace();
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'not-needed' });
    const completion = await openai.chat.completions.create({ model: NANO, messages });
    expect(completion.choices[0]?.message.content).not.toBe('');
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual([NANO]);
    const ollama = new Ollama({ host: url });
    expect((await ollama.list()).models.map(({ name }) => name)).toEqual([NANO]);
    let said = '';
    for await (const { message } of await ollama.chat({ model: NANO, messages, stream: true })) said += message.content;
    expect(said).not.toBe('');
    const other = await makePlace({ ...GRANT, models: ['other/*'] });
    const refused = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: 'x', maxRetries: 0 });
    await expect(refused.chat.completions.create({ model: NANO, messages })).rejects.toMatchObject({ status: 403 });
  });

  verifies('places.revoked', async () => {
    const { url, id } = await makePlace();
    const client = createApi(url, undefined);
    const stream = await client.stream(LONG_TALK);
    await stream.until('message.delta');
    expect((await server.admin.post(`/api/v1/tokens/${id}/revoke`, undefined)).status).toBe(200);
    const error = (await stream.all()).find(({ name }) => name === 'error');
    expect(error?.data).toMatchObject({ error: { code: 'token_revoked' } });
    expect((await client.get('/v1/models')).status).toBe(401);
  });
});
