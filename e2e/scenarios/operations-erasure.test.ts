import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const OWNER = 'ada.lovelace@analytical.example';
const NAME = 'the laptop on the desk of ada';
const SAID = 'my secret garden has nine gates';

/** Leaves something in every place that is kept by token: a response, usage, a request with a key, a session. */
async function liveAsAda(server: TestServer) {
  const ada = await createToken(server, NAME, CHAT_GRANT, { owner: OWNER });
  const kept = await ada.chat({ input: SAID, max_output_tokens: 4 });
  const keyed = await ada.request(
    'POST',
    '/api/v1/chat',
    { model: 'latchkey/nano', input: `${SAID} again`, max_output_tokens: 4 },
    { 'Idempotency-Key': 'ada-1' },
  );
  const session = await createApi(server.url, undefined).request(
    'POST',
    '/api/v1/sessions',
    { token: ada.token },
    { origin: server.url, 'user-agent': 'the browser of ada' },
  );
  // Refused: what is denied is in the audit log, too.
  const denied = await ada.get('/api/v1/settings');
  expect([kept, keyed, session, denied].map(({ status }) => status)).toEqual([200, 200, expect.any(Number), 403]);
  expect(session.status).toBeLessThan(300);
  expect((await server.admin.get(`/api/v1/usage?token=${ada.id}`)).body.totals.requests).toBe(2);
  return { ada, responseId: kept.body.response_id as string };
}

/** Everything that is in the files of a data folder. */
const bytesOf = (data: string): string =>
  readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    .join('\n');

describe('erasing a person', () => {
  verifies('operating.erasure', async () => {
    await using server = await startServer({ config: { audit: { persons: 'apart' } } });
    const other = await createToken(server, 'other', CHAT_GRANT, { owner: 'grace' });
    const others = await other.chat({ input: 'hello there', max_output_tokens: 4 });
    const { ada, responseId } = await liveAsAda(server);
    const traces = [OWNER, NAME, SAID, 'the browser of ada', responseId];
    for (const trace of [OWNER, NAME, SAID]) expect(bytesOf(server.data)).toContain(trace);
    expect(JSON.stringify((await server.admin.get('/api/v1/audit?limit=1000')).body)).toContain(OWNER);

    const erased = await runLatchkey(['erase', OWNER, '--yes', '--json', '--data', server.data]);
    expect(erased.exitCode).toBe(0);
    expect(JSON.parse(erased.stdout)).toMatchObject({
      auditLog: 'pseudonyms',
      deleted: { tokens: 1, responses: 2, usage: 1, keyedRequests: 1, sessions: 1 },
    });
    expect((await ada.get('/api/v1/whoami')).status).toBe(401);
    for (const trace of traces) expect(bytesOf(server.data).includes(trace), trace).toBe(false);

    const { body } = await server.admin.get('/api/v1/audit?type=owner.erased');
    expect(body.entries).toMatchObject([{ subject: JSON.parse(erased.stdout).pseudonym }]);
    expect((await other.get(`/api/v1/responses/${others.body.response_id}`)).status).toBe(200);
    expect((await runLatchkey(['audit', 'verify', '--data', server.data])).exitCode).toBe(0);
  });

  verifies('operating.erasure-named', async () => {
    await using server = await startServer();
    await liveAsAda(server);
    const { status, body } = await server.admin.post('/api/v1/erasures', { owner: OWNER });
    expect({ status, body }).toMatchObject({ status: 200, body: { auditLog: 'names', message: expect.any(String) } });
    const bytes = bytesOf(server.data);
    for (const trace of [SAID, 'the browser of ada']) expect(bytes.includes(trace), trace).toBe(false);
  });

  verifies('operating.erasure-denied', async () => {
    await using server = await startServer();
    const { ada } = await liveAsAda(server);
    const clerk = await createToken(server, 'clerk', {
      actions: ['tokens:read', 'tokens:write', 'chat'],
      models: ['*'],
    });
    expect((await clerk.post('/api/v1/erasures', { owner: OWNER })).status).toBe(403);
    expect((await ada.post('/api/v1/erasures', { owner: 'operator' })).status).toBe(403);
    expect((await ada.get('/api/v1/whoami')).status).toBe(200);
    const { owner } = (await server.admin.get('/api/v1/whoami')).body;
    expect((await server.admin.post('/api/v1/erasures', { owner })).status).toBe(400);
    expect((await server.admin.get('/api/v1/whoami')).status).toBe(200);
  });
});
