import { describe, expect, it } from 'vitest';
import type { Answer } from './in-process-client.ts';
import { messagesOf, post, rpc } from './mcp-client.ts';
import { newServer } from './new-server.ts';

const GRANT = { actions: ['chat'], mcp: { 'mcp/a': { tools: { '*': {} } } } };
const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo', arguments: { text: 'red' } } };
const typeOf = ({ headers }: Answer): string => String(headers['content-type']).split(';')[0] ?? '';

async function ask(body: unknown, accept: string | undefined = 'application/json, text/event-stream') {
  const server = await newServer();
  const answer = await post(server, await server.issue(GRANT), body, { accept: accept as string });
  return { answer, messages: messagesOf(answer) as { id?: unknown; result?: object; error?: { message: string } }[] };
}

describe('/mcp for clients as they are', () => {
  it.each<[string, string]>([
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
    ['', 'application/json'],
    ['application/*', 'application/json'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/json'],
    ['application/json, text/event-stream;q=0', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
  ])('answers one that accepts %j in that form', async (accept, type) => {
    for (const body of [list, call]) {
      const { answer, messages } = await ask(body, accept);
      expect(answer.status).toBe(200);
      expect(typeOf(answer)).toBe(type);
      expect(messages).toMatchObject([{ id: body.id, result: expect.any(Object) }]);
    }
  });

  it('answers a batch as a list to one that takes JSON', async () => {
    const { answer } = await ask([list, call], 'application/json');
    expect((JSON.parse(answer.text) as { id: number }[]).map(({ id }) => id).sort()).toEqual([1, 2]);
  });

  it('takes a notification from one that takes JSON', async () => {
    const server = await newServer();
    const notification = { jsonrpc: '2.0', method: 'notifications/initialized' };
    const headers = { accept: 'application/json' };
    expect((await post(server, await server.issue(GRANT), notification, headers)).status).toBe(202);
  });

  it.each<[string, object]>([
    ['params', { ...list, params: null }],
    ['no params', { ...list, params: [] }],
    ['a cursor', { ...list, params: { cursor: null } }],
    ['_meta', { ...list, params: { _meta: null } }],
    ['arguments', { ...call, params: { name: 'calls', arguments: null } }],
  ])('reads null for %s as absent', async (_, body) => {
    const { answer, messages } = await ask(body, 'application/json');
    expect(answer.status).toBe(200);
    expect(messages).toMatchObject([{ result: expect.any(Object) }]);
  });

  it.each<[string, object]>([
    ['a name that is none', { ...call, params: { name: 5 } }],
    ['arguments that are none', { ...call, params: { name: 'echo', arguments: 'secret-words' } }],
    ['a cursor that is none', { ...list, params: { cursor: 5 } }],
    ['params that are none', { ...call, params: 'secret-words' }],
    ['no params', { jsonrpc: '2.0', id: 3, method: 'tools/call' }],
  ])('says in words what is wrong with %s', async (_, body) => {
    const { messages, answer } = await ask(body, 'application/json');
    expect(messages[0]?.error?.message).toMatch(/[a-z]/i);
    expect(answer.text).not.toMatch(/invalid_type|\\n|ZodError|secret-words/);
  });

  it('has empty lists of what it does not offer, for older clients that ask without looking', async () => {
    const server = await newServer();
    const token = await server.issue(GRANT);
    const ask = (method: string) => rpc(server, token, 'legacy', method);
    expect((await ask('resources/list')).result).toMatchObject({ resources: [] });
    expect((await ask('resources/templates/list')).result).toMatchObject({ resourceTemplates: [] });
    expect((await ask('prompts/list')).result).toMatchObject({ prompts: [] });
    expect((await ask('resources/read')).error?.code).toBe(-32601);
  });

  it('offers newer clients only what it declares', async () => {
    const server = await newServer();
    const answer = await rpc(server, await server.issue(GRANT), 'modern', 'resources/list');
    expect([answer.status, answer.error?.code]).toEqual([404, -32601]);
  });
});
