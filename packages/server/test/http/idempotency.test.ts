import { createMemoryTokenStore } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, finish, message, progress, says, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { type Answer, type Call, open, send, sendAndLeave } from './in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from './new-server.ts';
import { AGENT, answer, chat, DECIDER, entriesOf, PATH, tools, waiting } from './waiting-run.ts';

const KEY = 'd5b4a3f0-0001';
const MAY_CALL: Grant = { actions: ['chat'], models: ['*'], mcp: tools({ echo: {}, hang: {} }) };

const keyed = (call: Call, key = KEY): Call => ({ ...call, headers: { ...call.headers, 'idempotency-key': key } });
const called = (server: TestServer) => entriesOf(server, /^tool\.called$/);
const codeOf = (refused: Answer) => [refused.status, (refused.json().error as { code: string }).code];
const calls: Turn = callsTool('echo', { text: 'one' });

/** A server on which a model calls `echo` once and then says so; a second round of that for the request that must not come. */
const echoing = (options: TestServerOptions = {}) =>
  newServer({ turns: [calls, says('Done'), calls, says('Done again')], ...options });

const completion = (token: string, more: object = {}): Call => ({
  method: 'POST',
  path: '/v1/chat/completions',
  token,
  body: {
    model: 'ibm/granite',
    messages: [{ role: 'user', content: 'Go' }],
    tools: [{ type: 'mcp', server_label: 'a' }],
    ...more,
  },
});

const mcpCall = (token: string): Call => ({
  method: 'POST',
  path: '/mcp',
  token,
  headers: { accept: 'application/json, text/event-stream' },
  body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'one' } } },
});

describe('a request that is sent twice with one Idempotency-Key', () => {
  it.each<[string, (token: string) => Call]>([
    ['a chat', (token) => chat(token)],
    ['a streamed chat', (token) => chat(token, { stream: true })],
    ['a call through /mcp', (token) => mcpCall(token)],
  ])('runs its tool once and gets the same answer: %s', async (_, request) => {
    const server = await echoing();
    const token = await server.issue(MAY_CALL);
    const first = await send(server.app, keyed(request(token)));
    const second = await send(server.app, keyed(request(token)));
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect([first.headers['idempotent-replayed'], second.headers['idempotent-replayed']]).toEqual([undefined, 'true']);
    expect(await called(server)).toHaveLength(1);
  });

  it.each([{ stream: false }, { stream: true }])('generates once on the route of OpenAI: %o', async ({ stream }) => {
    const server = await newServer({ turns: [says('One'), says('Two')] });
    const token = await server.issue(MAY_CALL);
    const request = keyed(completion(token, { stream, tools: undefined }));
    const [first, second] = [await send(server.app, request), await send(server.app, request)];
    expect(second.text).toBe(first.text);
    expect(server.engine.requests).toHaveLength(1);
  });

  it('waits for the first while that runs, or reads its stream along', async () => {
    const held = Promise.withResolvers<void>();
    const turn: Turn = async function* () {
      yield progress();
      yield message('slow');
      await held.promise;
      yield message('ly');
      yield finish();
    };
    for (const stream of [true, false]) {
      const server = await newServer({ turns: [turn, says('Two')] });
      const token = await server.issue(MAY_CALL);
      const first = open(server.app, keyed(chat(token, { stream, integrations: [] })));
      await expect.poll(() => server.engine.requests.length).toBe(1);
      const second = open(server.app, keyed(chat(token, { stream, integrations: [] })));
      if (stream) await (await second).received('slow');
      held.resolve();
      const both = await Promise.all([first, second]);
      const texts = await Promise.all(both.map((one) => one.received(stream ? '"chat.end"' : '"output"')));
      expect(texts[1]).toBe(texts[0]);
      expect(server.engine.requests).toHaveLength(1);
    }
  });

  it.each([{ stream: true }, { stream: false }])(
    'has the answer of a first whose caller left while its tool waited: %o',
    async ({ stream }) => {
      const server = await newServer({ turns: [calls, says('Done'), calls] });
      const token = await server.issue(AGENT, 'agent');
      const decider = await server.issue(DECIDER);
      const left = keyed(chat(token, { stream }));
      const leave = sendAndLeave(server.app, left);
      await expect.poll(() => waiting(server, decider)).toHaveLength(1);
      leave();
      await expect.poll(() => server.log.join('')).toContain('"aborted":true');
      const [waits] = await waiting(server, decider);
      const back = open(server.app, left);
      await answer(server, decider, String(waits?.id), { decision: 'approve' });
      await (await back).received('Done');
      expect(await called(server)).toHaveLength(1);
    },
  );

  it('counts among the concurrent requests of its token until it has ended, caller or not', async () => {
    const server = await newServer({ turns: [calls, says('Done'), says('Next')] });
    const token = await server.issue({ ...AGENT, limits: { concurrentRequests: 1 } });
    const decider = await server.issue(DECIDER);
    (await open(server.app, keyed(chat(token, { stream: true })))).leave();
    await expect.poll(() => server.log.join('')).toContain('"aborted":true');
    await expect.poll(() => waiting(server, decider)).toHaveLength(1);
    expect(codeOf(await send(server.app, chat(token)))).toEqual([429, 'concurrent_requests_exceeded']);
    const [waits] = await waiting(server, decider);
    await answer(server, decider, String(waits?.id), { decision: 'deny' });
    await expect.poll(async () => (await send(server.app, chat(token, { integrations: [] }))).status).toBe(200);
  });

  it('is ended with its token when its caller has left', async () => {
    const server = await newServer({ turns: [calls, says('Done')] });
    const token = await server.issue(AGENT);
    const { tokenId } = await server.auth.verify(token);
    const decider = await server.issue(DECIDER);
    (await open(server.app, keyed(chat(token, { stream: true })))).leave();
    await expect.poll(() => waiting(server, decider)).toHaveLength(1);
    await server.auth.revoke(tokenId, server.auth.operator());
    await expect.poll(() => waiting(server, decider)).toEqual([]);
    expect(await called(server)).toEqual([]);
  });

  it('is refused when it asks for something else', async () => {
    const server = await echoing();
    const token = await server.issue(MAY_CALL);
    await send(server.app, keyed(chat(token)));
    for (const other of [
      chat(token, { input: 'Else' }),
      chat(token, { stream: true }),
      { ...chat(token), path: '/api/v1/chat?x=1' },
    ]) {
      expect(codeOf(await send(server.app, keyed(other)))).toEqual([422, 'idempotency_key_reused']);
    }
    expect(await called(server)).toHaveLength(1);
  });

  it('is another request on another route, for another token, and for another project', async () => {
    const server = await newServer({ turns: [says('1'), says('2'), says('3'), says('4')] });
    const operator = server.auth.operator();
    const grant = { ...MAY_CALL, projects: ['web', 'app'] };
    const token = (await server.auth.issue({ name: 'ci', grant }, operator)).token;
    const other = await server.issue(MAY_CALL);
    const plain = (path: string, project: string): Call =>
      keyed({
        method: 'POST',
        path,
        token,
        headers: { 'latchkey-project': project },
        body: path.startsWith('/v1')
          ? completion(token, { tools: undefined }).body
          : { model: 'ibm/granite', input: 'Go' },
      });
    const texts = [
      await send(server.app, plain('/api/v1/chat', 'web')),
      await send(server.app, plain('/api/v1/chat', 'app')),
      await send(server.app, plain('/v1/chat/completions', 'web')),
      await send(server.app, keyed(chat(other, { integrations: [] }))),
    ];
    expect(texts.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(server.engine.requests).toHaveLength(4);
  });

  it('leaves its key free when it was refused before anything was done', async () => {
    const server = await echoing();
    const token = await server.issue(MAY_CALL);
    expect((await send(server.app, keyed(chat(token, { model: 'nothing/here' })))).status).toBe(404);
    expect((await send(server.app, keyed(chat(token, { input: 7 })))).status).toBe(400);
    expect((await send(server.app, keyed(chat(token)))).status).toBe(200);
  });

  it('gets the same error when it has failed after its tool ran', async () => {
    const dies: Turn = async function* () {
      yield progress();
      throw new Error('the model is dead');
    };
    const server = await newServer({ turns: [calls, dies, calls, says('Done')] });
    const token = await server.issue(MAY_CALL);
    const first = await send(server.app, keyed(chat(token)));
    const second = await send(server.app, keyed(chat(token)));
    expect(first.status).toBe(500);
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(second.headers['idempotent-replayed']).toBe('true');
    expect(await called(server)).toHaveLength(1);
  });

  it('is given no answer once its token may not do it any more, and does not run again', async () => {
    const server = await echoing();
    const token = await server.issue(MAY_CALL);
    const { tokenId } = await server.auth.verify(token);
    await send(server.app, keyed(chat(token)));
    await server.auth.edit(tokenId, { grant: { ...MAY_CALL, models: ['ibm/other'] } }, server.auth.operator());
    await expect
      .poll(async () => codeOf(await send(server.app, keyed(chat(token)))))
      .toEqual([403, 'permission_denied']);
    await server.auth.revoke(tokenId, server.auth.operator());
    expect((await send(server.app, keyed(chat(token)))).status).toBe(401);
    expect(await called(server)).toHaveLength(1);
  });

  it.each(['', ' ', 'a b', 'x'.repeat(256), 'schlüssel'])("is refused for a key that is none: '%s'", async (key) => {
    const server = await echoing();
    const token = await server.issue(MAY_CALL);
    const refused = await send(server.app, keyed(chat(token), Buffer.from(key).toString('latin1')));
    expect([refused.status, refused.json()]).toMatchObject([400, { error: { param: 'Idempotency-Key' } }]);
    expect(await called(server)).toEqual([]);
  });

  it('means nothing to what only reads', async () => {
    const server = await echoing();
    const token = await server.issue(MAY_CALL);
    const [one, two] = [chat(token), { path: '/api/v1/whoami', token }];
    await send(server.app, keyed(one));
    const read = await send(server.app, keyed(two));
    expect([read.status, read.headers['idempotent-replayed']]).toEqual([200, undefined]);
  });
});

describe('administration that is sent twice with one Idempotency-Key', () => {
  it('makes one token, shows its secret for ten minutes, and says then that it is made', async () => {
    let now = Date.parse('2027-01-01T00:00:00Z');
    const tokenStore = createMemoryTokenStore();
    const server = await newServer({ tokenStore, keyClock: () => new Date(now) });
    const admin = await server.issue({ actions: ['*'] }, 'ops');
    const create = keyed({
      method: 'POST',
      path: '/api/v1/tokens',
      token: admin,
      body: { name: 'ci', grant: { actions: [] } },
    });
    const [first, second] = [await send(server.app, create), await send(server.app, create)];
    expect(first.json().token).toMatch(/^sk-lm-/);
    expect(second.text).toBe(first.text);
    now += 600_001;
    expect(codeOf(await send(server.app, create))).toEqual([409, 'idempotency_answer_gone']);
    expect((await tokenStore.list({})).filter(({ name }) => name === 'ci')).toHaveLength(1);
    now += 86_400_000;
    expect((await send(server.app, create)).status).toBe(201);
  });

  it('deletes once: what a repeat would remove is still there', async () => {
    const server = await newServer();
    const admin = await server.issue({ actions: ['*'] }, 'ops');
    const { record } = await server.auth.issue({ name: 'ci', grant: { actions: [] } }, server.auth.operator());
    const end = keyed({ method: 'DELETE', path: `/api/v1/tokens/${record.id}`, token: admin });
    const [first, second] = [await send(server.app, end), await send(server.app, end)];
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect((await send(server.app, { path: `/api/v1/tokens/${record.id}`, token: admin })).status).toBe(200);
  });

  it('decides once about a call that waits', async () => {
    const server = await newServer({ turns: [calls, says('Done')] });
    const token = await server.issue(AGENT);
    const decider = await server.issue(DECIDER);
    const sent = send(server.app, chat(token));
    await expect.poll(() => waiting(server, decider)).toHaveLength(1);
    const [waits] = await waiting(server, decider);
    const decide = keyed({
      method: 'POST',
      path: `${PATH}/${waits?.id}`,
      token: decider,
      body: { decision: 'approve' },
    });
    const [first, second] = [await send(server.app, decide), await send(server.app, decide)];
    expect([second.status, second.text]).toEqual([200, first.text]);
    await sent;
  });

  it('ends tokens also while the place where answers are kept does not answer', async () => {
    const away = { take: () => new Promise<never>(() => {}) };
    const server = await newServer({ app: { keyedRequests: away } });
    const admin = await server.issue({ actions: ['*'] }, 'ops');
    const { record } = await server.auth.issue({ name: 'ci', grant: { actions: [] } }, server.auth.operator());
    const revoke = keyed({ method: 'POST', path: `/api/v1/tokens/${record.id}/revoke`, token: admin });
    expect((await send(server.app, revoke)).status).toBe(200);
  });
});

describe('the rows of the routes', () => {
  it('say of everything that acts that it minds a key, but for what needs none', async () => {
    const { routes } = await newServer();
    const minding = (kind: string | undefined) =>
      routes.filter(({ idempotency }) => idempotency === kind).map(({ method, path }) => `${method} ${path}`);
    expect(minding('none')).toEqual([
      // A response that has ended has ended.
      'POST /v1/responses/:id/cancel',
      // It counts, and changes nothing.
      'POST /v1/responses/input_tokens',
      // It changes nothing.
      'POST /api/v1/can',
      // Each starts a session of its own, and gives another short-lived link.
      'POST /api/v1/sessions',
      'POST /api/v1/sessions/links',
      // A session that has ended has ended.
      'DELETE /api/v1/sessions/current',
      // A key that was imported is known.
      'POST /api/v1/tokens/import',
      // A token that has ended has ended.
      'POST /api/v1/tokens/revoke-self',
      // Whose token is in the body, and each gives another short-lived one.
      'POST /oauth/token',
      'POST /oauth/revoke',
      'POST /oauth/introspect',
      'POST /api/token/refresh',
      // Each begins or finishes a login of its own, and one that has ended has ended.
      'POST /api/v1/mcp/servers/:label/login',
      'POST /api/v1/mcp/servers/:label/login/:id',
      'DELETE /api/v1/mcp/servers/:label/login',
      // It may be repeated: there is nothing left then.
      'POST /api/v1/erasures',
      // Each is signed for one time.
      'POST /api/v1/operator',
      // It changes nothing.
      'POST /v1/embeddings',
      'POST /api/v0/embeddings',
      'POST /v1/decisions',
      'POST /v1/systemone',
      // It counts, and changes nothing.
      'POST /v1/messages/count_tokens',
      // They change nothing.
      'POST /api/show',
      'POST /api/embed',
      'POST /api/embeddings',
      // Refused in any case.
      'POST /api/pull',
      'POST /api/copy',
      'DELETE /api/delete',
      // It stores nothing.
      'POST /oauth/register',
    ]);
    expect(minding('secret')).toEqual([
      'POST /api/v1/tokens',
      'POST /api/v1/tokens/:id/rotate',
      'POST /api/token',
      'POST /api/token/rotate',
      'POST /api/v1/oauth/authorization',
    ]);
    expect(minding(undefined).every((row) => row.startsWith('GET '))).toBe(true);
  });
});
