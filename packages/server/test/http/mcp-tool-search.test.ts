import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { call, ERAS, messagesOf, toolNames } from './mcp-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT = {
  actions: ['chat'],
  mcp: {
    'mcp/a': { tools: { echo: { arguments: { text: { pattern: '^red' } } } } },
    'mcp/b': { tools: { echo: {}, fail: {} } },
  },
};
const searching = (more: object = {}) => ({ ...GRANT, limits: { toolSearchAbove: 2, ...more } });

interface Listed {
  readonly result?: { readonly tools: readonly { readonly name: string }[] };
  readonly error?: object;
}

/** Posts one request of the older era to a URL of `/mcp`. */
async function at(server: TestServer, token: string, path: string, method: string, params: object = {}) {
  const answer = await send(server.app, {
    method: 'POST',
    path,
    token,
    body: { jsonrpc: '2.0', id: 1, method, params },
    headers: { accept: 'application/json', 'mcp-protocol-version': '2025-11-25' },
  });
  const [message] = answer.status === 200 ? messagesOf(answer) : [JSON.parse(answer.text)];
  return { status: answer.status, ...(message as Listed) };
}

/** The definitions in the answer of a search. */
function found({ result }: { readonly result?: Record<string, unknown> }): { name: string; inputSchema: object }[] {
  const [first] = (result?.content ?? []) as { readonly text: string }[];
  return JSON.parse(first?.text ?? '{}').tools;
}

describe.each(ERAS)('/mcp with a search for tools, in the %s era', (era) => {
  it('lists the search, finds only what the token may call, and calls it', async () => {
    const server = await newServer();
    const token = await server.issue(searching());
    expect(await toolNames(server, token, era)).toEqual(['call_tool', 'find_tools']);
    const answer = await call(server, token, 'find_tools', { query: 'echo fail big', limit: 20 }, era);
    expect(
      found(answer)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['a__echo', 'b__echo', 'b__fail']);
    expect(found(answer)[0]).toHaveProperty('inputSchema.type', 'object');
    const called = await call(server, token, 'call_tool', { name: 'a__echo', arguments: { text: 'red fox' } }, era);
    expect(called.result).toMatchObject({ isError: false, content: [{ text: 'red fox' }] });
    const direct = await call(server, token, 'b__echo', { text: 'blue' }, era);
    expect(direct.result).toMatchObject({ isError: false, content: [{ text: 'blue' }] });
  });

  it('decides what is called through the search like any other call, and audits it', async () => {
    const server = await newServer();
    const token = await server.issue(searching());
    const refused = await call(server, token, 'call_tool', { name: 'a__echo', arguments: { text: 'blue' } }, era);
    expect(refused.result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/argument text/) }],
    });
    for (const name of ['a__fail', 'a__made-up', 'call_tool', 'find_tools']) {
      const { result } = await call(server, token, 'call_tool', { name, arguments: {} }, era);
      expect(result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining('no tool of this name') }],
      });
    }
    await call(server, token, 'call_tool', { name: 'b__echo', arguments: { text: 'blue' } }, era);
    const entries = await server.audit.list({});
    const calls = entries.map(({ type, subject }) => [type, subject]);
    expect(calls).toContainEqual(['tool.denied', 'mcp/a echo']);
    expect(calls).toContainEqual(['tool.called', 'mcp/b echo']);
  });

  it('says what is wrong with the arguments of its own tools', async () => {
    const server = await newServer();
    const token = await server.issue(searching());
    for (const [name, args, named] of [
      ['find_tools', {}, '"query"'],
      ['find_tools', { query: 'echo', limit: 1.5 }, '"limit"'],
      ['call_tool', {}, '"name"'],
      ['call_tool', { name: 'a__echo', arguments: 'red' }, '"arguments"'],
    ] as const) {
      const { result } = await call(server, token, name, args, era);
      expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining(named) }] });
    }
  });
});

describe('whether /mcp has a search for tools', () => {
  it('is not so by default, and the names of the search are unknown then', async () => {
    const server = await newServer();
    const token = await server.issue(GRANT);
    expect(await toolNames(server, token)).toEqual(['a__echo', 'b__echo', 'b__fail']);
    expect((await call(server, token, 'find_tools', { query: 'echo' })).error?.code).toBe(-32602);
    expect((await call(server, token, 'call_tool', { name: 'b__echo' })).error?.code).toBe(-32602);
  });

  it('is what the URL says, within what the grant says', async () => {
    const server = await newServer();
    const names = async (token: string, path: string) =>
      (await at(server, token, path, 'tools/list')).result?.tools.map(({ name }) => name);
    const free = await server.issue(GRANT);
    expect(await names(free, '/mcp?tool_search=true')).toEqual(['call_tool', 'find_tools']);
    expect(await names(free, '/mcp?tool_search=false')).toHaveLength(3);
    const bound = await server.issue(searching());
    expect(await names(bound, '/mcp?tool_search=false')).toEqual(['call_tool', 'find_tools']);
    expect(await names(await server.issue(searching({ toolSearchAbove: 3 })), '/mcp')).toHaveLength(3);
  });

  it('cannot be anything but true or false', async () => {
    const server = await newServer();
    const { status, error } = await at(server, await server.issue(GRANT), '/mcp?tool_search=yes', 'tools/list');
    expect(status).toBe(400);
    expect(JSON.stringify(error)).toContain('tool_search');
  });
});
