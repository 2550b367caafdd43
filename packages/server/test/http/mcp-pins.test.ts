import { describe, expect, it } from 'vitest';
import { type Answer, send } from './in-process-client.ts';
import { rpc } from './mcp-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const PATH = '/api/v1/mcp/servers/a';
const anyTool = { '*': { tools: { '*': {} } } };

interface Reviewed {
  readonly name: string;
  readonly state: string;
  readonly fingerprint: string;
  readonly diff?: string;
}

async function review(server: TestServer, mcp: object = anyTool, query = '?start=true'): Promise<readonly Reviewed[]> {
  const token = await server.issue({ actions: ['mcp:read'], mcp });
  const answer = await send(server.app, { path: `${PATH}/pins${query}`, token });
  expect(answer.status).toBe(200);
  return (answer.json() as { tools: readonly Reviewed[] }).tools;
}

async function approve(server: TestServer, body?: unknown, mcp: object = anyTool, path = PATH): Promise<Answer> {
  const token = await server.issue({ actions: ['mcp:write'], mcp }, 'admin');
  return send(server.app, { method: 'POST', path: `${path}/approve`, token, ...(body === undefined ? {} : { body }) });
}

const waiting = async (server: TestServer) =>
  (await review(server)).filter(({ state }) => state !== 'approved').map(({ name }) => name);
const errorOf = (answer: Answer) => (answer.json() as { error: { code: string } }).error.code;

describe('GET /api/v1/mcp/servers/:label/pins', () => {
  it('tells of each tool whether it is approved, and what is new about it', async () => {
    const [echo] = await review(await newServer({ mcpPins: 'explicit' }));
    expect(echo).toMatchObject({ name: 'echo', state: 'new', flags: [], fingerprint: expect.any(String) });
    expect(echo?.diff).toContain('@@ description @@\n+Says the text back.');
    const [approved] = await review(await newServer());
    expect(approved).toMatchObject({ name: 'echo', state: 'approved' });
    expect(approved?.diff).toBeUndefined();
  });

  it('tells only of tools that the grants name, and starts no server but theirs', async () => {
    const server = await newServer();
    expect(await review(server, { 'mcp/b': { tools: { '*': {} } } })).toBeNull();
    expect(await review(server, anyTool, '')).toBeNull();
    expect((await review(server, { 'mcp/a': { tools: { 'ec*': {} } } })).map(({ name }) => name)).toEqual(['echo']);
    expect(await review(server, {}, '')).toEqual([]);
  });

  it('of a server that is not there is a 404, of one that does not start a 502', async () => {
    const server = await newServer();
    const token = await server.issue({ actions: ['mcp:read'], mcp: anyTool });
    const of = async (label: string) =>
      (await send(server.app, { path: `/api/v1/mcp/servers/${label}/pins?start=true`, token })).status;
    expect([await of('nobody'), await of('dead')]).toEqual([404, 502]);
  });
});

describe('POST /api/v1/mcp/servers/:label/approve', () => {
  it('approves all that is held back when nothing is named', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    const before = await waiting(server);
    expect(before).toContain('echo');
    const answer = await approve(server);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ id: 'mcp/a', approved: before.map((name) => ({ name })) });
    expect(await waiting(server)).toEqual([]);
    expect((await approve(server)).json()).toEqual({ id: 'mcp/a', approved: [] });
  });

  it('approves what is named, by its name or in exactly one definition', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    const [echo, ...others] = await review(server);
    const named = [others[0]?.name, { name: echo?.name, fingerprint: echo?.fingerprint }];
    expect((await approve(server, { tools: named })).status).toBe(200);
    expect(await waiting(server)).toEqual(others.slice(1).map(({ name }) => name));
  });

  it('is a 409 when the definition is another one than the one that was seen, and approves nothing', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    const tools = ['fail', { name: 'echo', fingerprint: '0'.repeat(64) }];
    const answer = await approve(server, { tools });
    expect([answer.status, errorOf(answer)]).toEqual([409, 'conflict']);
    expect(await waiting(server)).toContain('fail');
  });

  it('is for those whose grants name the tool', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    const own = { 'mcp/a': { tools: { echo: {} } } };
    const refused = [
      await approve(server, { tools: ['fail'] }, own),
      await approve(server, undefined, { 'mcp/b': { tools: { '*': {} } } }),
      await approve(server, undefined, {}),
    ];
    expect(refused.map((answer) => [answer.status, errorOf(answer)])).toEqual(
      refused.map(() => [403, 'permission_denied']),
    );
    expect((await approve(server, undefined, own)).json()).toMatchObject({ approved: [{ name: 'echo' }] });
    expect(await waiting(server)).not.toContain('echo');
    expect(await waiting(server)).toContain('fail');
  });

  it('is refused while mcp.json is switched off', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    const token = await server.issue({ actions: ['settings:write'] });
    await send(server.app, { method: 'PATCH', path: '/api/v1/settings', token, body: { allowMcpJson: false } });
    expect((await approve(server)).status).toBe(403);
    expect(await review(server)).toBeNull();
  });

  it('refuses tools that are not there, and bodies that say something else', async () => {
    const server = await newServer();
    for (const body of [
      { tools: ['nothing'] },
      { tools: [] },
      { tools: 'echo' },
      { names: ['echo'] },
      { tools: [{}] },
    ]) {
      expect((await approve(server, body)).status).toBe(400);
    }
    expect((await approve(server, undefined, anyTool, '/api/v1/mcp/servers/nobody')).status).toBe(404);
  });

  it('is remembered in the audit log, tool by tool', async () => {
    const server = await newServer({ mcpPins: 'explicit' });
    await approve(server, { tools: ['echo', 'fail'] });
    const entries = await server.audit.list({ type: 'tool.approved' });
    expect(entries.map(({ subject, actor, details }) => [subject, actor.name, details?.fingerprint])).toEqual([
      ['mcp/a echo', 'admin', expect.stringMatching(/^[0-9a-f]{64}$/)],
      ['mcp/a fail', 'admin', expect.stringMatching(/^[0-9a-f]{64}$/)],
    ]);
  });
});

it('models see no tool that is held back', async () => {
  const server = await newServer({ mcpPins: 'explicit' });
  const token = await server.issue({ actions: ['chat'], models: ['*'], mcp: anyTool });
  const names = async () => {
    const { result } = await rpc(server, token, 'legacy', 'tools/list');
    return (result as { tools: readonly { name: string }[] }).tools.map(({ name }) => name);
  };
  expect(await names()).toEqual([]);
  await approve(server, { tools: ['echo'] });
  expect(await names()).toEqual(['a__echo']);
});
