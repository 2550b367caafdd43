import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sendHalf } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';

/** A body that each route would do something with. */
const bodies = (secret: string, id: string): Readonly<Record<string, unknown>> => ({
  'POST /api/v1/can': { action: 'chat' },
  'POST /api/v1/chat': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/v1/models/load': { model: 'ibm/granite' },
  'POST /api/v1/models/unload': { instance_id: 'ibm/granite' },
  'POST /api/v1/models/download': { model: 'ibm/granite' },
  'POST /api/v1/models/download/cancel': { job_id: 'job_0000000000' },
  'POST /api/v1/models/delete': { model: 'ibm/granite' },
  'PATCH /api/v1/settings': { allowMcpJson: false },
  'POST /api/v1/tokens': { name: 'back door', grant: { actions: ['*'] } },
  'POST /api/v1/tokens/import': { keys: [{ name: 'back door', hash: 'a'.repeat(64), grant: { actions: ['*'] } }] },
  'POST /api/v1/tokens/revoke': { owner: 'operator' },
  'POST /api/v1/erasures': { owner: 'operator' },
  'POST /api/v1/operator': { text: '{}', proof: 'none' },
  'PATCH /api/v1/tokens/:id': { name: 'renamed' },
  'POST /api/v1/tokens/:id/rotate': { overlap: 0 },
  'POST /api/v1/keys/rotate': { compromised: true },
  'POST /api/v1/sessions': { token: secret },
  'POST /oauth/token': `grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=${encodeURIComponent(secret)}&subject_token_type=urn:ietf:params:oauth:token-type:access_token`,
  'POST /oauth/revoke': `token=${encodeURIComponent(secret)}`,
  'POST /oauth/introspect': `token=${id}`,
  'POST /oauth/register': { redirect_uris: ['http://127.0.0.1:1/'] },
  'POST /api/v1/oauth/authorization': { request: {}, allow: true },
  'POST /api/token/refresh': { refresh: secret },
  'POST /api/token': { name: 'back door' },
  'POST /api/token/blacklist': { refresh: secret },
  'POST /api/token/rotate': { refresh: secret },
  'POST /api/v1/approvals/:id': { decision: 'approve' },
  'POST /api/v1/mcp/servers/:label/approve': { tools: ['echo'] },
  'POST /api/v1/mcp/servers/:label/login': { redirectUri: 'http://127.0.0.1:1/' },
  'POST /api/v1/mcp/servers/:label/login/:id': { answer: 'http://127.0.0.1/?code=1&state=1' },
  'POST /v1/chat/completions': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
  'POST /api/v0/chat/completions': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
  'POST /api/v0/completions': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /api/v0/embeddings': { model: 'ibm/granite', input: 'Hi' },
  'POST /v1/messages': { model: 'ibm/granite', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
  'POST /v1/messages/count_tokens': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
  'POST /v1/completions': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /v1/embeddings': { model: 'ibm/granite', input: 'Hi' },
  'POST /v1/decisions': {
    model: 'ibm/granite',
    input: 'Hi',
    questions: [{ type: 'predicate', instructions: 'It is urgent.' }],
  },
  'POST /v1/systemone': { model: 'ibm/granite', state: 'Hi', questions: { urgent: { type: 'noul' } } },
  'POST /v1/responses': { model: 'ibm/granite', input: 'Hi', background: true },
  'POST /v1/responses/input_tokens': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/chat': { model: 'ibm/granite', messages: [{ role: 'user', content: 'Hi' }] },
  'POST /api/generate': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /api/show': { model: 'ibm/granite', verbose: false },
  'POST /api/embed': { model: 'ibm/granite', input: 'Hi' },
  'POST /api/embeddings': { model: 'ibm/granite', prompt: 'Hi' },
  'POST /api/pull': { model: 'ibm/granite' },
  'POST /api/copy': { source: 'ibm/granite', destination: 'x' },
  'DELETE /api/delete': { model: 'ibm/granite' },
  'POST /mcp': { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a__echo', arguments: { text: 'x' } } },
});

const EVERYTHING: Grant = { actions: ['*'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };

/** What of a server a request may have changed. */
async function stateOf({ auth, audit }: TestServer) {
  const tokens = await auth.list(auth.operator());
  const entries = await audit.list({ limit: 1000 });
  const done = entries.filter(
    ({ type }) => !/^(token\.(issued|revoked|edited)|.*\.(denied|refused|failed))$/.test(type),
  );
  return { tokens: tokens.map(({ id, name, stub, revokedAt }) => ({ id, name, stub, revokedAt })), done };
}

/**
 * OAuth's own words: a token in the body that does not count is a 400, and one that is to end has ended. No token opens the
 * operator's door.
 */
const STATUS: Readonly<Record<string, number>> = {
  'POST /oauth/token': 400,
  'POST /oauth/revoke': 200,
  'POST /oauth/register': 404,
  'POST /api/v1/operator': 403,
};

describe('a request whose token ends while its body is on the way', () => {
  const rows = Object.keys(bodies('', ''));

  it('is tried on each route that takes a body', async () => {
    const { routes } = await newServer();
    const taking = routes.filter(({ body }) => body !== undefined);
    expect(rows.toSorted()).toEqual(taking.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it.each(rows)('%s is refused when the token is revoked, and changes nothing', async (row) => {
    const server = await newServer({ turns: [says('Hi')] });
    const { auth } = server;
    const operator = auth.operator();
    const other = await auth.issue({ name: 'other', grant: { actions: [] } }, operator);
    const { record, token } = await auth.issue(
      { name: 'thief', grant: EVERYTHING, ...(row.includes('/api/token/') && { kind: 'personal-access' as const }) },
      operator,
    );
    const half = await sendHalf(server.app, requestOf(server, row, token, other.record.id));
    await auth.revoke(record.id, operator);
    const before = await stateOf(server);
    const answer = await half.finish();
    expect(answer.status, answer.text).toBe(STATUS[row] ?? 401);
    expect(await stateOf(server)).toEqual(before);
    expect(server.engine.requests).toEqual([]);
  });

  it.each(rows.filter((row) => !/^POST \/(oauth\/|api\/token\/|api\/v1\/(can|sessions)$)/.test(row)))(
    '%s is refused when the token may not do it any more',
    async (row) => {
      const server = await newServer({ turns: [says('Hi')] });
      const { auth } = server;
      const { record, token } = await auth.issue({ name: 'clerk', grant: EVERYTHING }, auth.operator());
      const half = await sendHalf(server.app, requestOf(server, row, token, record.id));
      await auth.edit(record.id, { grant: { actions: ['usage:read'] } }, auth.operator());
      const before = await stateOf(server);
      expect((await half.finish()).status).toBe(403);
      expect(await stateOf(server)).toEqual(before);
    },
  );
});

describe('a request whose token was revoked on another server a second ago, while its body is on the way', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  // Routes that take the token in the body verify it once, when the body is there.
  it.each(
    Object.keys(bodies('', '')).filter(
      (row) => !/^POST \/(oauth\/|api\/token\/|api\/v1\/(sessions|operator)$)/.test(row),
    ),
  )('%s is refused, and changes nothing', async (row) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const tokenStore = createMemoryTokenStore();
    const server = await newServer({ turns: [says('Hi')], tokenStore });
    const { auth } = server;
    const elsewhere = createAuth({ vocabulary: llm, store: tokenStore, digestKey: new Uint8Array(32).fill(7) });
    const other = await auth.issue({ name: 'other', grant: { actions: [] } }, auth.operator());
    const { record, token } = await auth.issue({ name: 'thief', grant: EVERYTHING }, auth.operator());
    const half = await sendHalf(server.app, requestOf(server, row, token, other.record.id));
    await elsewhere.revoke(record.id, elsewhere.operator());
    vi.advanceTimersByTime(1000);
    const before = await stateOf(server);
    const answer = await half.finish();
    expect(answer.status, answer.text).toBe(401);
    expect(await stateOf(server)).toEqual(before);
    expect(server.engine.requests).toEqual([]);
  });
});

describe('a request without a token whose body is on the way while authentication is switched on', () => {
  it('is refused', async () => {
    let isRequired = false;
    const server = await newServer({
      anonymous: { actions: ['chat'], models: ['*'] },
      turns: [says('Hi')],
      app: { requiresAuthentication: async () => isRequired },
    });
    const body = { model: 'ibm/granite', input: 'Hi' };
    const half = await sendHalf(server.app, { method: 'POST', path: '/api/v1/chat', body });
    isRequired = true;
    expect((await half.finish()).status).toBe(401);
  });
});

function requestOf({ routes }: TestServer, row: string, token: string, id: string) {
  const [method = '', path = ''] = row.split(' ');
  const route = routes.find((candidate) => candidate.method === method && candidate.path === path);
  return {
    method,
    path: path.replace(':id', id).replace(':label', 'a'),
    ...(route?.access === 'public' ? {} : { token }),
    body: bodies(token, id)[row],
    headers: {
      ...(route?.body?.type === 'form' && { 'content-type': 'application/x-www-form-urlencoded' }),
      // A session is started by a page of the server.
      ...(path === '/api/v1/sessions' && { origin: 'http://localhost' }),
    },
  };
}
