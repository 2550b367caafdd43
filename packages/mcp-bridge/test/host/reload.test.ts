import { describe, expect, it } from 'vitest';
import { createMcpHost, type McpConfig, type McpHost, parseMcpJson } from '../../src/index.ts';
import { scriptedOpener } from '../../src/testing/index.ts';
import { allowAll, call, noSignal, open } from '../hosting.ts';

type Entries = Record<string, object>;

const entry = (fields: object = {}) => ({ command: 'scripted', ...fields });
const configOf = (mcpServers: Entries): McpConfig => parseMcpJson(JSON.stringify({ mcpServers }), {});

/** A host whose starts and ends are told. */
function newHost(servers: Entries): { host: McpHost; happened: string[] } {
  const happened: string[] = [];
  const inner = scriptedOpener((label) => happened.push(`start ${label}`));
  const host = createMcpHost({
    config: configOf(servers),
    opener: (opened, options) => {
      const transport = inner(opened, options);
      return {
        ...transport,
        close: () => {
          happened.push(`end ${opened.label}`);
          return transport.close();
        },
      };
    },
  });
  return { host, happened };
}

describe('a new configuration', () => {
  it('brings its own warnings, those of the file among them', async () => {
    const config = parseMcpJson(JSON.stringify({ colour: 'red', mcpServers: { a: entry({ trust: true }) } }), {});
    await using host = createMcpHost({ config, opener: scriptedOpener() });
    expect(host.warnings()).toEqual([
      'colour is not known and has no effect',
      'mcpServers.a.trust has no effect: what may be called is decided by tokens alone',
    ]);
    host.reload(configOf({ a: entry() }));
    expect(host.warnings()).toEqual([]);
  });

  it('has a problem for each name in its lists of tools that no tool has, once the tools are known', async () => {
    const { host } = newHost({
      a: entry({
        includeTools: ['echo', 'ca*', 'ecoh', 'none*'],
        excludeTools: ['wait', 'mcp__a__hang', 'a/delte'],
      }),
    });
    await using _ = host;
    expect(host.servers()[0]?.problems).toEqual([]);
    await (await open(host, 'mcp/a')).close();
    const named = (name: string) => ({
      text: `The mcp.json names the tool "${name}", and the server has none that is named so`,
    });
    expect(host.servers()[0]?.problems).toEqual(['ecoh', 'none*', 'a/delte'].map(named));
    host.reload(configOf({ a: entry({ excludeTools: ['echo'] }) }));
    await (await open(host, 'mcp/a')).close();
    expect(host.servers()[0]?.problems).toEqual([]);
  });

  it('leaves a server alone whose entry is the same', async () => {
    const { host, happened } = newHost({ a: entry(), b: entry() });
    await using _ = host;
    await (await open(host, 'mcp/a')).close();
    host.reload(configOf({ c: entry(), a: entry() }));
    expect(host.servers().map(({ label, state }) => [label, state])).toEqual([
      ['c', 'stopped'],
      ['a', 'ready'],
    ]);
    await open(host, 'mcp/a');
    expect(happened).toEqual(['start a']);
  });

  it('starts a server anew whose entry changed, and ends the one before', async () => {
    const { host, happened } = newHost({ a: entry() });
    await using _ = host;
    await (await open(host, 'mcp/a')).close();
    host.reload(configOf({ a: entry({ env: { A: '1' } }) }));
    expect(happened).toEqual(['start a', 'end a']);
    await open(host, 'mcp/a');
    expect(happened).toEqual(['start a', 'end a', 'start a']);
  });

  it('leaves a running request its servers, and ends them with the last such request', async () => {
    const { host, happened } = newHost({ a: entry() });
    await using _ = host;
    const first = await open(host, 'mcp/a');
    const second = await open(host, 'mcp/a');
    host.reload(configOf({}));
    expect(host.servers()).toEqual([]);
    await expect(open(host, 'mcp/a')).rejects.toMatchObject({ code: 'MCP_SERVER_UNKNOWN' });
    await first.close();
    await first.close();
    expect(await call(second, 'echo', { text: 'still here' })).toMatchObject({ type: 'success' });
    expect(happened).toEqual(['start a']);
    await second.close();
    expect(happened).toEqual(['start a', 'end a']);
  });

  it('takes tools away from a running request at once', async () => {
    const { host } = newHost({ a: entry() });
    await using _ = host;
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
    host.reload(configOf({ a: entry({ disabledTools: ['echo'] }) }));
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'failure', kind: 'denied' });
  });

  it('tries a server again whose entry was incomplete', async () => {
    const { host } = newHost({ a: entry({ env: { KEY: `\${KEY}` } }) });
    await using _ = host;
    await expect(open(host, 'mcp/a')).rejects.toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
    host.reload(configOf({ a: entry({ env: { KEY: 'k' } }) }));
    expect((await open(host, 'mcp/a')).tools).not.toHaveLength(0);
  });

  it('is refused by a host that has been closed, and one that closes ends retired servers, too', async () => {
    const { host, happened } = newHost({ a: entry() });
    await open(host, 'mcp/a');
    host.reload(configOf({}));
    expect(happened).toEqual(['start a']);
    await host[Symbol.asyncDispose]();
    expect(happened).toEqual(['start a', 'end a']);
    expect(() => host.reload(configOf({}))).toThrow('has been closed');
  });
});

describe('the lists of tools of an mcp.json', () => {
  it('narrow what a request gets, whatever its gate allows', async () => {
    const { host } = newHost({ a: entry({ includeTools: ['echo', 'calls'], excludeTools: ['calls'] }) });
    await using _ = host;
    expect((await open(host, 'mcp/a')).tools.map(({ tool }) => tool)).toEqual(['echo']);
    await expect(open(host, [{ server: 'mcp/a', allowedTools: ['calls'] }])).rejects.toMatchObject({
      code: 'MCP_TOOL_UNAVAILABLE',
    });
  });

  it('never widen what the gate allows', async () => {
    const { host } = newHost({ a: entry({ includeTools: ['*'] }) });
    await using _ = host;
    const onlyEcho = ({ tool }: { tool?: string }) =>
      tool === undefined || tool === 'echo' ? { allowed: true as const } : { allowed: false as const, reason: 'no' };
    expect((await open(host, 'mcp/a', onlyEcho)).tools.map(({ tool }) => tool)).toEqual(['echo']);
  });
});

describe('the timeout of an entry', () => {
  it("takes the place of the host's", async () => {
    const { host } = newHost({ a: entry({ timeoutMs: 20 }) });
    await using _ = host;
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'hang')).toMatchObject({ type: 'failure', kind: 'timeout' });
  });
});

describe('the tools of one server', () => {
  const options = (start: boolean) => ({ start, signal: noSignal() });

  it('are told without starting it only when it runs', async () => {
    const { host, happened } = newHost({ a: entry() });
    await using _ = host;
    expect(await host.tools('mcp/a', allowAll, options(false))).toBeUndefined();
    expect(happened).toEqual([]);
    const tools = await host.tools('mcp/a', allowAll, options(true));
    expect(tools?.[0]).toMatchObject({ name: 'echo', description: 'Says the text back.' });
    expect(await host.tools('mcp/a', allowAll, options(false))).toEqual(tools);
  });

  it('are those that the gate and the mcp.json leave', async () => {
    const { host } = newHost({ a: entry({ disabledTools: ['echo'] }) });
    await using _ = host;
    const gate = ({ tool }: { tool?: string }) =>
      tool === 'calls' || tool === 'echo' ? { allowed: true as const } : { allowed: false as const, reason: 'no' };
    expect((await host.tools('mcp/a', gate, options(true)))?.map(({ name }) => name)).toEqual(['calls']);
  });

  it('are those of a server that there is', async () => {
    const { host } = newHost({});
    await using _ = host;
    await expect(host.tools('mcp/a', allowAll, options(true))).rejects.toMatchObject({ code: 'MCP_SERVER_UNKNOWN' });
    expect(() => host.output('mcp/a')).toThrow('There is no MCP server');
  });
});
