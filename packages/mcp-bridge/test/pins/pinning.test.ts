import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import {
  createMcpHost,
  type McpHost,
  type PinOptions,
  parseMcpJson,
  type ReviewedTool,
  type TransportOpener,
} from '../../src/index.ts';
import { scriptedOpener, scriptedTools } from '../../src/testing/index.ts';
import { allowAll, call, memoryHost, noSignal, open } from '../hosting.ts';
import { memoryPins } from './memory-pins.ts';

const names = async (host: McpHost) => (await open(host, 'mcp/a')).tools.map(({ tool }) => tool);
const everyName = scriptedTools.map(({ name }) => name);
const reviewOf = async (host: McpHost, start = true): Promise<readonly ReviewedTool[]> =>
  (await host.review('mcp/a', { start, signal: noSignal() })) ?? [];
const held = async (host: McpHost) => (await reviewOf(host)).filter(({ state }) => state !== 'approved');
const approve = (host: McpHost, tools: readonly ReviewedTool[]) =>
  host.approve('mcp/a', new Map(tools.map(({ name, fingerprint }) => [name, fingerprint])), noSignal());

describe('pinning, auto', () => {
  it('approves the first list of a server, and holds back a tool that changes', async () => {
    await using host = memoryHost({ a: ['flip'] }, { pins: { store: memoryPins(), mode: 'auto' } });
    expect(await names(host)).toEqual(everyName);
    expect(await names(host)).toEqual(everyName.filter((name) => name !== 'echo'));
  });

  it('holds back a new tool of a server that is known', async () => {
    await using host = memoryHost({ a: ['grow'] }, { pins: { store: memoryPins(), mode: 'auto' } });
    expect(await names(host)).toEqual(everyName);
    expect(await names(host)).toEqual(everyName);
    expect((await held(host)).map(({ name, state }) => [name, state])).toEqual([
      ['new-1', 'new'],
      ['new-2', 'new'],
    ]);
  });

  it('remembers across hosts: what changed while nobody looked is held back', async () => {
    const pins = { store: memoryPins(), mode: 'auto' as const };
    await using first = memoryHost({ a: [] }, { pins });
    await names(first);
    await using second = memoryHost({ a: ['grow', 'flip'] }, { pins });
    expect(await names(second)).toEqual(everyName.filter((name) => name !== 'echo'));
  });

  it('knows a server whose first list was empty of what it offers later', async () => {
    const store = memoryPins();
    await store.begin('mcp/a', []);
    await using host = memoryHost({ a: [] }, { pins: { store, mode: 'auto' } });
    await expect(names(host)).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
  });

  it('says the same of a tool that is held back and of one that does not exist', async () => {
    await using host = memoryHost({ a: ['flip'] }, { pins: { store: memoryPins(), mode: 'auto' } });
    await names(host);
    const failure = (tool: string) => open(host, [{ server: 'mcp/a', allowedTools: [tool] }]).catch((error) => error);
    const [heldBack, missing] = [await failure('echo'), await failure('nothing')];
    expect(heldBack).toMatchObject({ code: 'MCP_TOOL_UNAVAILABLE', tool: 'echo' });
    expect(missing.message).toBe(heldBack.message.replace('echo', 'nothing'));
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'failure', kind: 'invalid_name' });
  });

  it('lists nothing that is held back for whoever asks for the tools of a server', async () => {
    await using host = memoryHost({ a: ['flip'] }, { pins: { store: memoryPins(), mode: 'auto' } });
    await names(host);
    const listed = await host.tools('mcp/a', allowAll, { start: true, signal: noSignal() });
    expect(listed?.map(({ name }) => name)).toEqual(everyName.filter((name) => name !== 'echo'));
  });

  it('refuses a call to a tool that changed while the request ran, also once the change is approved', async () => {
    await using host = memoryHost({ a: ['flip'] }, { pins: { store: memoryPins(), mode: 'auto' } });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
    await approve(host, await held(host));
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'failure', kind: 'unavailable' });
  });
});

describe('pinning, explicit and off', () => {
  it('explicit: offers nothing before it is approved, and exactly what is', async () => {
    await using host = memoryHost({ a: [] }, { pins: { store: memoryPins(), mode: 'explicit' } });
    await expect(names(host)).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
    const waiting = await held(host);
    expect(waiting.map(({ name }) => name)).toEqual(everyName);
    await approve(
      host,
      waiting.filter(({ name }) => name === 'echo' || name === 'fail'),
    );
    expect(await names(host)).toEqual(['echo', 'fail']);
  });

  it('off: offers everything, and tells still what is not approved', async () => {
    await using host = memoryHost({ a: ['flip'] }, { pins: { store: memoryPins(), mode: 'off' } });
    expect(await names(host)).toEqual(everyName);
    expect(await names(host)).toEqual(everyName);
    expect(await held(host)).toHaveLength(everyName.length);
    expect((await reviewOf(host)).some((tool) => tool.held)).toBe(false);
  });

  it('without pins: everything is offered, and nothing can be approved', async () => {
    await using host = memoryHost({ a: ['flip'] });
    expect(await names(host)).toEqual(everyName);
    await expect(approve(host, await reviewOf(host))).rejects.toThrow(TypeError);
  });
});

describe('reviewing and approving', () => {
  it('shows a change field by field, and lets what was approved be used', async () => {
    await using host = memoryHost({ a: ['flip', 'promise'] }, { pins: { store: memoryPins(), mode: 'auto' } });
    const toolset = await open(host, 'mcp/a');
    await call(toolset, 'announce');
    const [echo, ...others] = await held(host);
    expect(others).toEqual([]);
    expect(echo).toMatchObject({ name: 'echo', state: 'changed', held: true, flags: [] });
    expect(echo?.diff).toBe('@@ description @@\n-Version 1.\n+Version 2.');
    await approve(host, echo === undefined ? [] : [echo]);
    expect(await held(host)).toEqual([]);
    expect(await names(host)).toEqual(everyName);
  });

  it('does not approve what has changed since it was reviewed', async () => {
    await using host = memoryHost({ a: ['flip'] }, { pins: { store: memoryPins(), mode: 'explicit' } });
    const seen = await held(host);
    await held(host);
    await expect(approve(host, seen)).rejects.toMatchObject({ code: 'MCP_TOOL_CHANGED', tool: 'echo' });
    await expect(names(host)).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
  });

  it('does not approve a tool that the server does not list', async () => {
    await using host = memoryHost({ a: [] }, { pins: { store: memoryPins(), mode: 'explicit' } });
    const nothing = {
      name: 'nothing',
      state: 'new',
      held: true,
      fingerprint: '',
      effect: 'destructive',
      flags: [],
    } as const;
    await expect(approve(host, [nothing])).rejects.toMatchObject({ code: 'MCP_TOOL_UNAVAILABLE', tool: 'nothing' });
  });

  it('starts no server for a review that is not to start one', async () => {
    await using host = memoryHost({ a: [] }, { pins: { store: memoryPins(), mode: 'auto' } });
    expect(await host.review('mcp/a', { start: false, signal: noSignal() })).toBeUndefined();
    expect(host.starts).toEqual([]);
  });
});

it('offers nothing of a server while nobody can say what was approved of it', async () => {
  const store = memoryPins();
  await using host = memoryHost({ a: [] }, { pins: { store, mode: 'auto' } });
  await names(host);
  store.failing = true;
  await expect(names(host)).rejects.toMatchObject({ code: 'MCP_CONNECTION_FAILED', server: 'mcp/a' });
  await expect(reviewOf(host)).rejects.toMatchObject({ code: 'MCP_CONNECTION_FAILED' });
  store.failing = false;
  expect(await names(host)).toEqual(everyName);
});

describe('how much is pinned', () => {
  const described = (text: string, schema: object = {}): object => ({
    name: 'act',
    description: text,
    inputSchema: {
      type: 'object',
      properties: { title: { type: 'string', description: `as of ${text}` }, ...schema },
    },
  });
  /** A host of a server whose list is the next of these each time; the last one stays. */
  function changing(lists: readonly object[], entry: object, pins: PinOptions | undefined) {
    let asked = 0;
    const inner = scriptedOpener();
    const opener: TransportOpener = (opened, options) => {
      const result = inner(opened, options);
      const { transport: wire } = result;
      const transport: Transport = {
        start() {
          wire.onmessage = (message: JSONRPCMessage) => {
            const isList = 'result' in message && 'tools' in message.result;
            const tool = lists[Math.min(asked, lists.length - 1)];
            if (isList) asked += 1;
            transport.onmessage?.(isList ? { ...message, result: { tools: [tool] } } : message);
          };
          wire.onclose = () => transport.onclose?.();
          return wire.start();
        },
        send: (message) => wire.send(message),
        close: () => wire.close(),
      };
      return { ...result, transport };
    };
    const mcpServers = { a: { command: 'scripted', ...entry } };
    const config = parseMcpJson(JSON.stringify({ mcpServers }), {});
    // Every listing asks the server.
    return createMcpHost({
      config,
      opener,
      limits: { listMs: Number.MIN_VALUE },
      ...(pins === undefined ? {} : { pins }),
    });
  }

  it('can be the schemas: a description that changes at each listing does no harm', async () => {
    const lists = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'].map((day) => described(day));
    await using host = changing(lists, { pinned: 'schemas' }, { store: memoryPins(), mode: 'auto' });
    expect(await names(host)).toEqual(['act']);
    expect(await names(host)).toEqual(['act']);
    const toolset = await open(host, 'mcp/a');
    expect(await names(host)).toEqual(['act']);
    expect(await call(toolset, 'act', {})).toMatchObject({
      type: expect.stringMatching(/success|failure/),
      tool: 'act',
    });
    expect(await held(host)).toEqual([]);
  });

  it.each([
    ['a new argument', described('b', { path: { type: 'string' } })],
    ['another type', { ...described('b'), inputSchema: { type: 'object', properties: { title: { type: 'number' } } } }],
    ['a property that is gone', { ...described('b'), inputSchema: { type: 'object', properties: {} } }],
    ['another annotation', { ...described('b'), annotations: { readOnlyHint: true } }],
  ])('holds back, with the schemas, %s', async (_, changed) => {
    await using host = changing(
      [described('a'), changed],
      { pinned: 'schemas' },
      { store: memoryPins(), mode: 'auto' },
    );
    expect(await names(host)).toEqual(['act']);
    await expect(names(host)).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
    const [tool] = await held(host);
    expect(tool).toMatchObject({ name: 'act', state: 'changed', held: true });
    if (tool !== undefined) await approve(host, [tool]);
    expect(await names(host)).toEqual(['act']);
  });

  it('can be approved, with the schemas, although the words change between review and approval', async () => {
    const lists = ['a', 'b', 'c', 'd'].map((text) => described(text));
    await using host = changing(lists, { pinned: 'schemas' }, { store: memoryPins(), mode: 'explicit' });
    const waiting = await held(host);
    await held(host);
    await approve(host, waiting);
    expect(await names(host)).toEqual(['act']);
  });

  it('is everything unless somebody says otherwise', async () => {
    const lists = [described('a'), described('b')];
    await using host = changing(lists, {}, { store: memoryPins(), mode: 'auto' });
    expect(await names(host)).toEqual(['act']);
    await expect(names(host)).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
  });

  it.each([
    ['the entry', { pinned: 'nothing' }, {}],
    ['the host', {}, { degree: 'nothing' as const }],
  ])('can be nothing, by %s', async (_, entry, more) => {
    const lists = [described('a'), described('b', { path: { type: 'string' } })];
    await using host = changing(lists, entry, { store: memoryPins(), mode: 'auto', ...more });
    expect(await names(host)).toEqual(['act']);
    expect(await names(host)).toEqual(['act']);
  });

  it('holds for an entry that says so where others are not pinned', async () => {
    const lists = [described('a'), described('b')];
    await using host = changing(lists, { pinned: 'everything' }, { store: memoryPins(), mode: 'off' });
    expect(await names(host)).toEqual(['act']);
    await expect(names(host)).rejects.toMatchObject({ code: 'MCP_NO_TOOLS' });
  });

  it('is nothing where nothing can be remembered', async () => {
    await using host = changing([described('a'), described('b')], { pinned: 'everything' }, undefined);
    expect(await names(host)).toEqual(['act']);
    expect(await names(host)).toEqual(['act']);
  });

  it('is no word that is not known', () => {
    const { servers } = parseMcpJson('{"mcpServers": {"a": {"command": "x", "pinned": "most"}}}', {});
    expect(servers.get('a')).toMatchObject({ transport: 'unreadable', problem: expect.stringContaining('pinned') });
  });
});
