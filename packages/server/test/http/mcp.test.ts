import { describe, expect, it } from 'vitest';
import { HOP_HEADER, isOwnHop, withHop } from '../../src/mcp-endpoint/hop.ts';
import { open, send } from './in-process-client.ts';
import { call, ERAS, messagesOf, post, rpc, toolNames } from './mcp-client.ts';
import { ISSUER, newServer, type TestServer } from './new-server.ts';

const tools = (mcp: Record<string, Record<string, object>>, more: object = {}) => ({
  actions: ['chat'],
  mcp: Object.fromEntries(Object.entries(mcp).map(([server, rules]) => [server, { tools: rules }])),
  ...more,
});
const ECHO_OF_BOTH = tools({ 'mcp/a': { echo: {} }, 'mcp/b': { echo: {}, fail: {} } });
const said = (words: string) => ({ content: [{ type: 'text', text: words }], isError: false });
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

/** Waits for a call that waits for a person, and agrees to it; returns the approval's id. */
async function approve(server: TestServer, changes: object = {}): Promise<string> {
  const token = await server.issue(tools({ 'mcp/a': { '*': {} } }, { actions: ['approvals:decide'] }));
  const headers = { accept: 'text/event-stream' };
  const watching = await open(server.app, { path: '/api/v1/approvals', token, headers });
  const [, id = ''] = /"approval":\{"id":"([^"]+)"/.exec(await watching.received('approval.requested')) ?? [];
  watching.leave();
  // Whoever is faster than the notice to the caller makes it needless.
  const requested = async () => (await server.audit.list({})).map(({ type }) => type);
  await expect.poll(requested).toContain('approval.requested');
  const body = { decision: 'approve', ...changes };
  await send(server.app, { method: 'POST', path: `/api/v1/approvals/${id}`, token, body });
  return id;
}

describe.each(ERAS)('/mcp for clients of the %s era', (era) => {
  it('lists exactly the tools that a token may call', async () => {
    const server = await newServer();
    expect(await toolNames(server, await server.issue(ECHO_OF_BOTH), era)).toEqual(['a__echo', 'b__echo', 'b__fail']);
    expect(await toolNames(server, await server.issue({ actions: ['chat'] }), era)).toEqual([]);
  });

  it('runs a call on the server whose tool it is', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { '*': {} }, 'mcp/b': { '*': {} } }));
    const answer = await call(server, token, 'a__echo', { text: 'red' }, era);
    expect(answer.status).toBe(200);
    expect(answer.result).toMatchObject(said('red'));
    expect((await call(server, token, 'b__calls', {}, era)).result).toMatchObject(said('[]'));
    expect((await call(server, token, 'a__calls', {}, era)).result).toMatchObject(said('["echo"]'));
  });

  it('gives each of many calls with one id its own answer, whoever sends them', async () => {
    const server = await newServer();
    const tokens = [await server.issue(ECHO_OF_BOTH), await server.issue(ECHO_OF_BOTH)];
    const texts = Array.from({ length: 40 }, (_, index) => `call ${index}`);
    const answers = await Promise.all(
      texts.map((text, index) => call(server, tokens[index % 2] ?? '', 'a__echo', { text }, era)),
    );
    expect(answers.map(({ result }) => result)).toEqual(texts.map((text) => expect.objectContaining(said(text))));
  });

  it('answers alike for a tool that is forbidden and one that does not exist', async () => {
    const server = await newServer();
    const token = await server.issue(ECHO_OF_BOTH);
    const answers = await Promise.all(
      ['a__fail', 'a__made-up', 'elsewhere__echo', 'echo', 'A__echo'].map((name) => call(server, token, name, {}, era)),
    );
    for (const { result, error } of answers) {
      expect(result).toBeUndefined();
      expect(error).toMatchObject({ code: -32602, message: expect.stringMatching(/^Unknown tool: /) });
      expect(error?.data).toBeUndefined();
    }
    expect(new Set(answers.map(({ status }) => status)).size).toBe(1);
  });

  it('repeats no token that a tool is called by', async () => {
    const server = await newServer();
    const token = await server.issue(ECHO_OF_BOTH);
    const answer = await call(server, token, token, {}, era);
    expect(answer.error?.code).toBe(-32602);
    expect(JSON.stringify([answer, server.log, await server.audit.list({})])).not.toContain(token.slice(-20));
  });

  it('decides again with the arguments, and says as a result why not', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { echo: { arguments: { text: { pattern: '^red' } } } } }));
    expect((await call(server, token, 'echo', { text: 'red fox' }, era)).result).toMatchObject(said('red fox'));
    const { result } = await call(server, token, 'echo', { text: 'blue' }, era);
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/token test.*argument text/) }],
    });
  });

  it('waits with what needs a person, and says what that person has changed', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { echo: { approval: 'ask' } } }));
    const called = call(server, token, 'echo', { text: 'red' }, era);
    await approve(server, { arguments: { text: 'blue' } });
    expect((await called).result).toMatchObject({
      isError: false,
      content: [{ text: 'A person has changed the arguments to {"text":"blue"}.' }, { text: 'blue' }],
    });
  });

  it('tells a client that asked for it that its call waits for a person', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { echo: { approval: 'ask' } } }));
    const params = { name: 'echo', arguments: { text: 'red' }, _meta: { progressToken: 'p' } };
    const called = rpc(server, token, era, 'tools/call', params);
    const id = await approve(server);
    const { result, notifications } = await called;
    expect(result).toMatchObject(said('red'));
    expect(notifications).toMatchObject([
      {
        method: 'notifications/progress',
        params: { progressToken: 'p', progress: 0, message: expect.stringContaining(`approval of a person (${id})`) },
      },
    ]);
  });

  it('serves nothing that sends out what may be tainted, or asks a person, where taint is on', async () => {
    const toolLabels = { 'mcp/a': { echo: ['egress'] } } as const;
    const denying = await newServer({ taint: { taint: 'deny', taintedCalls: ['egress'], toolLabels } });
    const token = await denying.issue(tools({ 'mcp/a': { echo: {}, calls: {} } }));
    expect(await toolNames(denying, token, era)).toEqual(['calls']);
    expect((await call(denying, token, 'echo', { text: 'red' }, era)).error?.code).toBe(-32602);
    expect((await call(denying, token, 'calls', {}, era)).result).toMatchObject(said('[]'));

    const asking = await newServer({
      taint: { taint: 'ask', taintedCalls: ['egress'], toolLabels },
      approvalSeconds: 0.1,
    });
    const asked = await asking.issue(tools({ 'mcp/a': { echo: {}, calls: {} } }));
    expect(await toolNames(asking, asked, era)).toEqual(['calls', 'echo']);
    expect((await call(asking, asked, 'echo', { text: 'red' }, era)).result).toMatchObject({ isError: true });
    expect((await call(asking, asked, 'calls', {}, era)).result).toMatchObject(said('[]'));
  });

  it('passes on that a tool failed, and tells structured content in words', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { '*': {} } }));
    const failed = { isError: true, content: [{ type: 'text', text: 'disk is full' }] };
    expect((await call(server, token, 'fail', {}, era)).result).toMatchObject(failed);
    expect((await call(server, token, 'structured', {}, era)).result).toMatchObject(said('{"celsius":21}'));
  });

  it('offers nothing but tools', async () => {
    const server = await newServer();
    const token = await server.issue(ECHO_OF_BOTH);
    for (const method of ['resources/read', 'prompts/get', 'logging/setLevel', 'completion/complete']) {
      expect((await rpc(server, token, era, method)).error?.code, method).toBe(-32601);
    }
  });
});

describe('/mcp', () => {
  it('does the handshake of the older era without a session', async () => {
    const server = await newServer();
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } };
    const { result, headers } = await rpc(server, await server.issue(ECHO_OF_BOTH), 'legacy', 'initialize', params);
    expect(result).toMatchObject({
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'latchkey', version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    });
    expect(headers).not.toHaveProperty('mcp-session-id');
  });

  it('tells clients of the newer era to keep lists to themselves and not for long', async () => {
    const server = await newServer();
    const { result } = await rpc(server, await server.issue(ECHO_OF_BOTH), 'modern', 'tools/list');
    expect(result).toMatchObject({ ttlMs: 0, cacheScope: 'private' });
  });

  it('calls a tool by its own name where only one server may be used', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/b': { echo: {}, fail: {} } }));
    expect(await toolNames(server, token)).toEqual(['echo', 'fail']);
    expect((await call(server, token, 'echo', { text: 'red' })).result).toMatchObject(said('red'));
  });

  it('lists what the others offer when a server does not start, under the names that they always have', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { echo: {} }, 'mcp/dead': { '*': {} } }));
    expect(await toolNames(server, token)).toEqual(['a__echo']);
    for (const name of ['dead__echo', 'dead__made-up']) {
      const { result } = await call(server, token, name);
      expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("'dead' did not") }] });
    }
    expect((await call(server, token, 'a__echo', { text: 'red' })).result).toMatchObject(said('red'));
  });

  it('serves no tools while the setting allowMcpJson is off', async () => {
    const server = await newServer();
    const token = await server.issue({ ...ECHO_OF_BOTH, actions: ['chat', 'settings:write'] });
    const body = { allowMcpJson: false };
    await send(server.app, { method: 'PATCH', path: '/api/v1/settings', token, body });
    expect(await toolNames(server, token)).toEqual([]);
    expect((await call(server, token, 'a__echo', { text: 'red' })).error?.code).toBe(-32602);
  });

  it('serves no tools to callers without a token', async () => {
    const server = await newServer({ anonymous: { actions: ['chat'], models: ['*'] } });
    const answer = await post(server, undefined, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(messagesOf(answer)).toMatchObject([{ result: { tools: [] } }]);
  });

  it('counts requests against the limits of the token', async () => {
    const server = await newServer();
    const limits = { requestsPerMinute: 2 };
    const token = await server.issue(tools({ 'mcp/a': { echo: {} } }, { limits }));
    for (let request = 0; request < 2; request += 1) expect((await post(server, token, ping)).status).toBe(200);
    const answer = await post(server, token, ping);
    expect([answer.status, answer.json()]).toMatchObject([
      429,
      { error: { data: { code: 'requests_per_minute_exceeded' } } },
    ]);
    expect(answer.headers).toHaveProperty('retry-after');
  });

  it('makes so many calls in a batch as the token may make in a request, and says so to the rest', async () => {
    const server = await newServer();
    const token = await server.issue(tools({ 'mcp/a': { echo: {} } }, { limits: { toolCallsPerRequest: 1 } }));
    const params = { name: 'echo', arguments: { text: 'red' } };
    const batch = [1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params }));
    const answers = messagesOf(await post(server, token, batch)) as { result: { isError: boolean } }[];
    expect(answers.map(({ result }) => result.isError).sort()).toEqual([false, true, true]);
  });

  it('has every call in the audit log, made, refused or made up', async () => {
    const server = await newServer();
    const token = await server.issue(
      tools({ 'mcp/a': { echo: { arguments: { text: { pattern: '^red' } } } }, 'mcp/b': { echo: {} } }),
      'guest',
    );
    await call(server, token, 'a__echo', { text: 'red' });
    await call(server, token, 'a__echo', { text: 'blue' });
    await call(server, token, 'made-up');
    const told = (await server.audit.list({}))
      .map(({ type, subject }) => `${type} ${subject}`)
      .filter((line) => line.startsWith('tool.'));
    expect(told.toSorted()).toEqual([
      'tool.called mcp/a echo',
      'tool.denied made-up',
      'tool.denied mcp/a echo',
      'tool.ended mcp/a echo',
    ]);
  });

  it.each(['GET', 'DELETE', 'PUT'])('does not take %s: there are no sessions', async (method) => {
    const answer = await send((await newServer()).app, { method, path: '/mcp' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
    expect(answer.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { data: { code: 'method_not_allowed' } } });
  });

  it('refuses what is no JSON-RPC', async () => {
    const server = await newServer();
    const token = await server.issue(ECHO_OF_BOTH);
    expect((await post(server, token, 'not JSON')).status).toBe(400);
    expect((await post(server, token, { id: 1 })).status).toBe(400);
    expect((await post(server, token, ping, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(server, token, { ...ping, params: { a: 'x'.repeat(200_000) } })).status).toBe(413);
  });

  it('refuses the requests of the very server that it is, and of no other', async () => {
    const server = await newServer();
    const token = await server.issue(ECHO_OF_BOTH);
    const own = await post(server, token, ping, { [HOP_HEADER]: 'urn:latchkey:other, urn:latchkey:test' });
    expect([own.status, own.json()]).toMatchObject([400, { error: { message: expect.stringContaining('mcp.json') } }]);
    expect((await post(server, token, ping, { [HOP_HEADER]: 'urn:latchkey:other' })).status).toBe(200);
  });

  it('says on the way out which server it is', async () => {
    const seen: Headers[] = [];
    const fetch = withHop(async (_, init) => {
      seen.push(new Headers(init?.headers));
      return new Response();
    }, 'urn:latchkey:test');
    await fetch('http://127.0.0.1/mcp', { headers: { authorization: 'x' } });
    await fetch('http://127.0.0.1/mcp');
    expect(seen.map((headers) => isOwnHop([headers.get(HOP_HEADER) ?? ''], 'urn:latchkey:test'))).toEqual([true, true]);
    expect(seen[0]?.get('authorization')).toBe('x');
  });
});

describe('the metadata of /mcp', () => {
  const path = '/.well-known/oauth-protected-resource/mcp';
  const authorizationServers = ['https://login.example.com'];
  const resourceMetadata = `${ISSUER}${path}`;

  it('is not there, and no challenge names it, when there is no authorization server', async () => {
    const server = await newServer();
    expect((await send(server.app, { path })).status).toBe(404);
    const answer = await post(server, undefined, ping);
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="latchkey"']);
  });

  it('names the authorization servers, and the challenge names it', async () => {
    const server = await newServer({ authorizationServers, app: { resourceMetadata, basicAuthentication: true } });
    expect((await send(server.app, { path })).json()).toEqual({
      resource: `${ISSUER}/mcp`,
      resource_name: 'Latchkey',
      authorization_servers: authorizationServers,
      bearer_methods_supported: ['header'],
      scopes_supported: ['chat'],
    });
    const { headers } = await post(server, undefined, ping);
    expect(headers['www-authenticate']).toBe(
      `Bearer realm="latchkey", resource_metadata="${resourceMetadata}", scope="chat", Basic realm="latchkey", charset="UTF-8"`,
    );
    const slashed = await send(server.app, { method: 'POST', path: '/mcp/', body: ping });
    expect(slashed.headers['www-authenticate']).toBe(headers['www-authenticate']);
    expect(slashed.json()).toMatchObject({ jsonrpc: '2.0', error: { data: { code: 'invalid_api_key' } } });
    const elsewhere = await send(server.app, { path: '/v1/models' });
    expect(elsewhere.headers['www-authenticate']).not.toContain('resource_metadata');
  });
});
