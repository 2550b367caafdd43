import { createMcpHost, type EphemeralPolicy, type McpHost, parseMcpJson } from '@latchkey/mcp-bridge';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ToolAudit } from '../../src/audit/tool-audit.ts';
import type { IntegrationRequest } from '../../src/contracts/chat-request.ts';
import type { ServerError } from '../../src/contracts/server-error.ts';
import type { ChatToolset } from '../../src/contracts/toolset.ts';
import type { AskApproval } from '../../src/tools/ask-approval.ts';
import type { McpSwitches } from '../../src/tools/mcp-switches.ts';
import { openToolset } from '../../src/tools/open-toolset.ts';
import { ALL_ON, decideFor, UNAUDITED } from './caller.ts';
import { serveMcp } from './mcp-over-http.ts';

type Ephemeral = Extract<IntegrationRequest, { type: 'ephemeral_mcp' }>;

const signal = (): AbortSignal => new AbortController().signal;
const HERE: Partial<EphemeralPolicy> = { allowPrivateHosts: ['127.0.0.1'], allowHttpHosts: ['*'] };
const grant = (hosts: string[], tools = ['*']) => ({ actions: ['chat'], ephemeralMcp: { hosts, tools } });
const bring = (serverUrl: string, more: Partial<Ephemeral> = {}): Ephemeral => ({
  type: 'ephemeral_mcp',
  serverLabel: 'mine',
  serverUrl,
  ...more,
});

interface OpenOptions {
  readonly policy?: Partial<EphemeralPolicy>;
  readonly serverPolicy?: unknown;
  readonly switches?: () => McpSwitches;
  readonly audit?: ToolAudit;
}

function newHost(ephemeral: Partial<EphemeralPolicy>): McpHost {
  const config = parseMcpJson('{"mcpServers": {"files": {"command": "nothing"}}}', {});
  const host = createMcpHost({ config, ephemeral, limits: { startTimeoutMs: 2_000 } });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host;
}

/** A request that nothing but its token holds back. */
const free = () => ({ switches: ALL_ON, audit: UNAUDITED, signal: signal() });

async function open(token: unknown, integrations: Ephemeral[], options: OpenOptions = {}): Promise<ChatToolset> {
  const { policy = HERE, switches = ALL_ON, audit = UNAUDITED } = options;
  const decide = await decideFor(token, options.serverPolicy);
  return openToolset(newHost(policy), integrations, { decide, switches, audit, signal: signal() });
}

const refuse = (token: unknown, integrations: Ephemeral[], options: OpenOptions = {}): Promise<ServerError> =>
  open(token, integrations, options).then(
    () => expect.fail('it was opened'),
    (error: ServerError) => error,
  );

describe('a server that a request brings along', () => {
  it('brings the tools that the token may call on its host, and they run', async () => {
    const { url, headers } = await serveMcp('read_note', 'write_note');
    const toolset = await open(grant(['127.0.0.1:*'], ['read_*']), [bring(url, { headers: { 'x-key': 'mine' } })]);
    expect(toolset.definitions.map(({ name }) => name)).toEqual(['read_note']);
    const origin = { type: 'ephemeral_mcp', serverLabel: 'mine' };
    expect(toolset.describe('read_note')).toEqual({ tool: 'read_note', origin });
    expect(await toolset.call('read_note', {}, signal())).toMatchObject({
      type: 'ran',
      origin,
      content: [{ text: 'read_note' }],
    });
    expect(headers.every((sent) => sent.includes('"x-key":"mine"'))).toBe(true);
  });

  it('brings no more than allowed_tools', async () => {
    const { url } = await serveMcp('a', 'b');
    const toolset = await open(grant(['*']), [bring(url, { allowedTools: ['b'] })]);
    expect(toolset.definitions.map(({ name }) => name)).toEqual(['b']);
    expect(await toolset.call('a', {}, signal())).toMatchObject({ type: 'refused', kind: 'invalid_name' });
  });

  it('is not asked anything when it has an empty list of tools', async () => {
    const { url, asked } = await serveMcp('a');
    expect((await open(grant([]), [bring(url, { allowedTools: [] })])).definitions).toEqual([]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['a token without ephemeralMcp', { actions: ['chat'], mcp: { '*': { tools: { '*': {} } } } }],
    ['a token for another host', grant(['mcp.example.com'])],
    ['a token for no tools', grant(['*'], [])],
  ])('is a 403 for %s, and not connected to', async (_, token) => {
    const { url, asked } = await serveMcp('a');
    expect(await refuse(token, [bring(url)])).toMatchObject({
      code: 'PERMISSION_DENIED',
      field: 'integrations',
      details: { code: 'AUTH_PERMISSION_DENIED', rule: 'ephemeralMcp' },
    });
    expect(asked).toEqual([]);
  });

  it("is a 403 when the server's policy has no such host, whatever the token may", async () => {
    const { url } = await serveMcp('a');
    const serverPolicy = grant(['*.example.com']);
    expect((await refuse(grant(['*']), [bring(url)], { serverPolicy })).code).toBe('PERMISSION_DENIED');
  });

  it('is decided by the host that its URL leads to, however it is written', async () => {
    const { url } = await serveMcp('a');
    const written = url.replace('127.0.0.1', '0x7f.1');
    expect((await open(grant(['127.0.0.1:*']), [bring(written)])).definitions).toHaveLength(1);
    expect((await refuse(grant(['0x7f.1:*']), [bring(written)])).code).toBe('PERMISSION_DENIED');
  });

  it('is decided by the port that its URL leads to, too', async () => {
    const { url } = await serveMcp('a');
    const { host } = new URL(url);
    expect((await open(grant([host]), [bring(url)])).definitions).toHaveLength(1);
    expect((await refuse(grant(['127.0.0.1']), [bring(url)])).code).toBe('PERMISSION_DENIED');
    expect((await refuse(grant(['127.0.0.1:443', '127.0.0.1:80']), [bring(url)])).code).toBe('PERMISSION_DENIED');
  });

  it('is a 403 for a tool that the token may not call, and one that does not exist', async () => {
    const { url } = await serveMcp('a', 'b');
    const wish = (tool: string) =>
      refuse(grant(['*'], ['b', 'none']), [bring(url, { allowedTools: [tool] })]).then(({ message }) => message);
    expect(await wish('a')).toBe((await wish('none')).replace('none', 'a'));
    expect((await refuse(grant(['*'], ['none']), [bring(url)])).code).toBe('PERMISSION_DENIED');
  });

  it('is refused at the next call when its switch is thrown', async () => {
    const { url } = await serveMcp('a');
    let allowEphemeralMcp = true;
    const switches = () => ({ ...ALL_ON(), allowEphemeralMcp });
    const toolset = await open(grant(['*']), [bring(url)], { switches });
    expect(await toolset.call('a', {}, signal())).toMatchObject({ type: 'ran' });
    allowEphemeralMcp = false;
    expect(await toolset.call('a', {}, signal())).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('allowEphemeralMcp'),
    });
  });

  it('is refused while its switch is off, before anything is said about it', async () => {
    const switches = () => ({ ...ALL_ON(), allowEphemeralMcp: false });
    for (const url of ['https://mcp.example.com/', 'nothing', 'https://127.0.0.1/']) {
      expect(await refuse(grant(['*']), [bring(url)], { switches })).toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('allowEphemeralMcp'),
      });
    }
  });

  it('does not need the switch of the mcp.json', async () => {
    const { url } = await serveMcp('a');
    const switches = () => ({ ...ALL_ON(), allowMcpJson: false });
    const toolset = await open(grant(['*']), [bring(url)], { switches });
    expect(await toolset.call('a', {}, signal())).toMatchObject({ type: 'ran' });
  });

  it('is a 403 where the operator lets nobody go, with the reason', async () => {
    const { url } = await serveMcp('a');
    expect(await refuse(grant(['*']), [bring(url)], { policy: {} })).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('https'),
    });
    expect((await refuse(grant(['*']), [bring('https://10.0.0.1/')], { policy: {} })).message).toContain('public');
  });

  it('is a 502 when it does not answer, and what it said is for the log only', async () => {
    const error = await refuse(grant(['*']), [bring('http://127.0.0.1:1/')]);
    expect(error).toMatchObject({ code: 'MCP_UNAVAILABLE', field: 'integrations' });
    expect(error.message).not.toMatch(/127|ECONN/);
  });

  it.each([
    [bring('file:///etc/passwd'), 'server_url'],
    [bring('https://user:secret@mcp.example.com/'), 'server_url'],
    [bring('https://mcp.example.com/', { headers: { Host: 'secret' } }), 'headers'],
    [bring('https://mcp.example.com/', { serverLabel: 'mcp/files' }), 'server_label'],
    [bring('https://mcp.example.com/', { serverLabel: 'Files' }), 'server_label'],
  ])('is a 400 when it can be none: %j', async (integration, field) => {
    const error = await refuse(grant(['*']), [integration]);
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', field: 'integrations' });
    expect(error.message).toContain(field);
    expect(error.message).not.toContain('secret');
  });

  it('is a 400 under one label twice', async () => {
    const error = await refuse(grant(['*']), [bring('https://a.example/'), bring('https://b.example/')]);
    expect(error.code).toBe('INVALID_REQUEST');
  });

  it('says which labels the mcp.json has only to those who may bring servers', async () => {
    const taken = bring('https://mcp.example.com/', { serverLabel: 'files' });
    expect((await refuse(grant([]), [taken])).code).toBe('PERMISSION_DENIED');
  });

  it('can not be reached by naming it as a plugin', async () => {
    const { url } = await serveMcp('a');
    const decide = await decideFor({ actions: ['chat'], mcp: { '*': { tools: { '*': {} } } } });
    const integrations = [{ type: 'plugin' as const, id: 'ephemeral/mine' }, bring(url)];
    await expect(openToolset(newHost(HERE), integrations, { ...free(), decide })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it.each<[Ephemeral['requireApproval'], boolean]>([
    ['always', true],
    [['read'], true],
    [['write'], false],
    [undefined, false],
  ])('has a person asked when its request requires it: %j: %s', async (requireApproval, isAsked) => {
    const { url } = await serveMcp('read', 'write');
    const asked: string[] = [];
    const ask: AskApproval = async ({ server, tool }) => {
      asked.push(`${server} ${tool}`);
      return { approved: false, id: '1', reason: 'a person has denied this call' };
    };
    const integration = bring(url, requireApproval === undefined ? {} : { requireApproval });
    const decide = await decideFor(grant(['*']));
    const toolset = await openToolset(newHost(HERE), [integration], { ...free(), decide, ask });
    expect((await toolset.call('read', {}, signal())).type).toBe(isAsked ? 'refused' : 'ran');
    expect(asked).toEqual(isAsked ? [`ephemeral/mine@${new URL(url).host} read`] : []);
  });

  it('is audited with its host', async () => {
    const { url } = await serveMcp('a');
    const called: string[] = [];
    const audit = {
      ...UNAUDITED,
      called: async ({ server, tool }: { server: string; tool: string }) => {
        called.push(`${server} ${tool}`);
      },
    };
    await (await open(grant(['*']), [bring(url)], { audit })).call('a', {}, signal());
    expect(called).toEqual([`ephemeral/mine@${new URL(url).host} a`]);
  });
});
