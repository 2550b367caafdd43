import { describe, expect, it } from 'vitest';
import type { ToolGate, ToolGateCall } from '../../src/index.ts';
import { allowAll, memoryHost, noSignal, open } from '../hosting.ts';

const denyAll: ToolGate = () => ({ allowed: false, reason: 'No.' });
const onlyTools =
  (...tools: string[]): ToolGate =>
  ({ tool }) =>
    tool === undefined || tools.includes(tool) ? { allowed: true } : { allowed: false, reason: 'No.' };
const failureOf = (opening: Promise<unknown>) =>
  opening.then(
    () => undefined,
    (error) => error,
  );

describe('opening a toolset', () => {
  it('is denied in the same way for a server that exists and one that does not, and starts nothing', async () => {
    await using host = memoryHost({ a: [] });
    const known = await failureOf(open(host, 'mcp/a', denyAll));
    const unknown = await failureOf(open(host, 'mcp/b', denyAll));
    expect(known).toMatchObject({ code: 'MCP_DENIED', server: 'mcp/a', reason: 'No.' });
    expect(unknown.code).toBe('MCP_DENIED');
    expect(unknown.message).toBe(known.message.replace('mcp/a', 'mcp/b'));
    expect(host.starts).toEqual([]);
  });

  it('says that a server is unknown only to those who might use it', async () => {
    await using host = memoryHost({ a: [] });
    await expect(open(host, 'mcp/b')).rejects.toMatchObject({ code: 'MCP_SERVER_UNKNOWN', server: 'mcp/b' });
  });

  it('says the same of a named tool that is forbidden and one that does not exist', async () => {
    await using host = memoryHost({ a: [] });
    const gate = onlyTools('echo', 'nothing');
    const forbidden = await failureOf(open(host, [{ server: 'mcp/a', allowedTools: ['fail'] }], gate));
    expect(host.starts).toEqual([]);
    const missing = await failureOf(open(host, [{ server: 'mcp/a', allowedTools: ['nothing'] }], gate));
    expect(forbidden).toMatchObject({ code: 'MCP_TOOL_UNAVAILABLE', tool: 'fail' });
    expect(missing).toMatchObject({ code: 'MCP_TOOL_UNAVAILABLE', tool: 'nothing' });
    expect(missing.message).toBe(forbidden.message.replace('fail', 'nothing'));
  });

  it('offers all that is permitted when no tools are named', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a', onlyTools('echo', 'fail', 'nothing'));
    expect(toolset.tools.map(({ tool }) => tool)).toEqual(['echo', 'fail']);
  });

  it('fails when nothing of a server is permitted', async () => {
    await using host = memoryHost({ a: [] });
    await expect(open(host, 'mcp/a', onlyTools())).rejects.toMatchObject({ code: 'MCP_NO_TOOLS', server: 'mcp/a' });
  });

  it('offers nothing, and starts nothing, for an empty list', async () => {
    await using host = memoryHost({ a: [] });
    expect((await open(host, [{ server: 'mcp/a', allowedTools: [] }])).tools).toEqual([]);
    expect((await open(host, [])).tools).toEqual([]);
    expect(host.starts).toEqual([]);
  });

  it('joins what is selected of one server twice, each tool once', async () => {
    await using host = memoryHost({ a: [] });
    const select = (...lists: (string[] | undefined)[]) =>
      open(
        host,
        lists.map((allowedTools) => ({ server: 'mcp/a', ...(allowedTools && { allowedTools }) })),
        onlyTools('echo', 'fail', 'big'),
      );
    const names = async (...lists: (string[] | undefined)[]) => (await select(...lists)).tools.map(({ name }) => name);
    expect(await names(['echo'], ['echo', 'big'])).toEqual(['echo', 'big']);
    expect(await names([], ['echo'])).toEqual(['echo']);
    expect(await names(['echo'], undefined)).toEqual(['echo', 'big', 'fail']);
  });

  it('reads a name as it is written: other spellings are other names', async () => {
    await using host = memoryHost({ a: [] });
    for (const server of ['mcp/A', 'a', 'mcp/a ', '__proto__']) {
      await expect(open(host, server)).rejects.toMatchObject({ code: 'MCP_SERVER_UNKNOWN' });
    }
    await expect(open(host, [{ server: 'mcp/a', allowedTools: ['Echo'] }])).rejects.toMatchObject({
      code: 'MCP_TOOL_UNAVAILABLE',
    });
  });

  it('asks the gate about servers before tools, and about each tool without arguments', async () => {
    await using host = memoryHost({ a: [] });
    const asked: ToolGateCall[] = [];
    await open(host, [{ server: 'mcp/a', allowedTools: ['echo'] }], (call) => {
      asked.push(call);
      return { allowed: true };
    });
    expect(asked[0]).toEqual({ server: 'mcp/a' });
    expect(asked.slice(1).every(({ tool, arguments: args }) => tool === 'echo' && args === undefined)).toBe(true);
  });

  it('is denied when the gate throws', async () => {
    await using host = memoryHost({ a: [] });
    const gate: ToolGate = () => {
      throw new Error('the store is down');
    };
    await expect(open(host, 'mcp/a', gate)).rejects.toMatchObject({
      code: 'MCP_DENIED',
      reason: 'The permission check failed.',
    });
  });

  it('is given up when its signal fires', async () => {
    await using host = memoryHost({ a: ['silent'] });
    const controller = new AbortController();
    const opening = host.openToolset([{ server: 'mcp/a' }], allowAll, controller.signal);
    controller.abort(new Error('gone'));
    await expect(opening).rejects.toThrow('gone');
    const gone = AbortSignal.abort(new Error('gone before'));
    await expect(host.openToolset([{ server: 'mcp/a' }], allowAll, gone)).rejects.toThrow('gone before');
    expect(noSignal().aborted).toBe(false);
  });
});
