import { createMcpHost, parseMcpJson } from '@latchkey/mcp-bridge';
import { scriptedOpener } from '@latchkey/mcp-bridge/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const PATH = '/api/v1/mcp/servers';

interface Listed {
  readonly label: string;
  readonly state: string;
  readonly error: string | null;
  readonly tools: readonly { readonly name: string }[] | null;
  readonly problems: readonly string[] | null;
  readonly pins: { readonly held: readonly { readonly name: string }[] } | null;
}

async function listAs(server: TestServer, grant: object, query = ''): Promise<readonly Listed[]> {
  const token = await server.issue({ actions: ['mcp:read', 'chat'], models: ['*'], ...grant });
  const answer = await send(server.app, { path: `${PATH}${query}`, token });
  expect(answer.status).toBe(200);
  return (answer.json() as { servers: readonly Listed[] }).servers;
}

const namesOf = (listed: readonly Listed[]) =>
  listed.map(({ label, tools }) => [label, tools?.map(({ name }) => name)]);

describe('GET /api/v1/mcp/servers', () => {
  it('tells what there is and starts nothing', async () => {
    const [first, ...others] = await listAs(await newServer(), { mcp: { '*': { tools: { '*': {} } } } });
    expect(first).toEqual({
      label: 'a',
      id: 'mcp/a',
      transport: 'stdio',
      state: 'stopped',
      error: null,
      description: null,
      warnings: [],
      // In memory.
      sandbox: null,
      tools: null,
      problems: null,
      pins: null,
      login: null,
    });
    expect(others.map(({ label, state }) => [label, state])).toEqual([
      ['b', 'stopped'],
      ['dead', 'stopped'],
    ]);
  });

  it('tells why the mcp.json as it is now is not taken', async () => {
    const errorOf = async (server: TestServer) => {
      const token = await server.issue({ actions: ['mcp:read'] });
      const body = (await send(server.app, { path: PATH, token })).json();
      expect(body.warnings).toEqual([]);
      return body.error;
    };
    expect(await errorOf(await newServer())).toBeNull();
    expect(await errorOf(await newServer({ mcpJsonProblem: 'mcp.json: it is empty.' }))).toBe('mcp.json: it is empty.');
  });

  it('starts them when it is asked to, and tells why one did not start', async () => {
    const listed = await listAs(await newServer(), { mcp: { '*': { tools: { 'ec*': {} } } } }, '?start=true');
    expect(namesOf(listed)).toEqual([
      ['a', ['echo']],
      ['b', ['echo']],
      ['dead', undefined],
    ]);
    expect(listed.map(({ state }) => state).slice(0, 2)).toEqual(['ready', 'ready']);
    expect(listed[2]?.error).toBe('it ended with code 1');
  });

  it('starts no server that the caller may not use, and tells of a running one only the tools that it may call', async () => {
    const server = await newServer();
    const own = { mcp: { 'mcp/a': { tools: { echo: {} } } } };
    expect(namesOf(await listAs(server, own, '?start=true'))).toEqual([
      ['a', ['echo']],
      ['b', undefined],
      ['dead', undefined],
    ]);
    expect(namesOf(await listAs(server, {}))[0]).toEqual(['a', []]);
  });

  it('tells of tools that are held back only those that the caller could call', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    const [all] = await listAs(server, { mcp: { '*': { tools: { '*': {} } } } }, '?start=true');
    expect(all?.tools).toEqual([]);
    expect(all?.pins?.held[0]).toEqual({ name: 'echo', state: 'new', flags: [] });
    const [own] = await listAs(server, { mcp: { '*': { tools: { fail: {} } } } });
    expect(own?.pins).toEqual({ held: [{ name: 'fail', state: 'new', flags: [] }] });
    const [unpinned] = await listAs(
      await newServer({ mcpPins: 'off' }),
      { mcp: { '*': { tools: { fail: {} } } } },
      '?start=true',
    );
    expect(unpinned).toMatchObject({ tools: [{ name: 'fail', flags: [] }], pins: { held: [] } });
  });

  it('tells what is wrong with a list of tools, as far as it is about tools that the caller may call', async () => {
    const mcpServers = { a: { command: 'scripted', args: ['bad-tools'] } };
    const config = parseMcpJson(JSON.stringify({ mcpServers }), {});
    const mcp = createMcpHost({ config, opener: scriptedOpener() });
    onTestFinished(() => mcp[Symbol.asyncDispose]());
    const server = await newServer({ mcp });
    const problemsFor = async (tools: object) => {
      const [listed] = await listAs(server, { mcp: { 'mcp/a': { tools } } }, '?start=true');
      return new Set(listed?.problems);
    };
    const nameless = 'A tool is not offered: its name is empty';
    const own = await problemsFor({ twice: {}, echo: {} });
    expect(own).toContain('twice is not offered: it is defined twice, in different words');
    expect(own).toContain(nameless);
    expect([...own].filter((problem) => !/^(twice|A tool) /.test(problem))).toEqual([]);
    expect(await problemsFor({ '*': {} })).toContain(
      'text-schema is not offered: its "inputSchema" is not that of an object',
    );
  });

  it('tells no tools while mcp.json is switched off', async () => {
    const server = await newServer();
    const own = { mcp: { '*': { tools: { echo: {} } } } };
    await listAs(server, own, '?start=true');
    const token = await server.issue({ actions: ['settings:write'] });
    const path = '/api/v1/settings';
    await send(server.app, { method: 'PATCH', path, token, body: { allowMcpJson: false } });
    expect(namesOf(await listAs(server, own, '?start=true'))).toEqual([
      ['a', []],
      ['b', []],
      ['dead', undefined],
    ]);
  });

  it.each(['a', 'A', 'mcp/a'])('lists and starts only the server that is named: %s', async (name) => {
    const server = await newServer();
    const everything = { mcp: { '*': { tools: { echo: {} } } } };
    const query = `?start=true&server=${encodeURIComponent(name)}`;
    expect(namesOf(await listAs(server, everything, query))).toEqual([['a', ['echo']]]);
    expect((await listAs(server, everything)).map(({ label, state }) => [label, state])).toEqual([
      ['a', 'ready'],
      ['b', 'stopped'],
      ['dead', 'stopped'],
    ]);
    expect(await listAs(server, everything, '?server=none')).toEqual([]);
  });

  it('refuses a query that it does not know', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['mcp:read'] });
    for (const query of ['?start=yes', '?begin=true', '?start=true&start=false']) {
      expect((await send(server.app, { path: `${PATH}${query}`, token })).status).toBe(400);
    }
  });
});

describe('GET /api/v1/mcp/servers/:label/logs', () => {
  it('is what a server printed, by its label as it is written or as its id has it', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['mcp:read'] });
    for (const label of ['a', 'A']) {
      const answer = await send(server.app, { path: `${PATH}/${label}/logs`, token });
      expect([answer.status, answer.json()]).toEqual([200, { id: 'mcp/a', lines: [] }]);
    }
  });

  it('of a server that is not there is a 404', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['mcp:read'] });
    const answer = await send(server.app, { path: `${PATH}/nobody/logs`, token });
    expect([answer.status, answer.json()]).toMatchObject([404, { error: { code: 'plugin_not_found' } }]);
  });
});
