import { describe, expect, it } from 'vitest';
import type { McpHost, ReviewedTool } from '../../src/index.ts';
import { scriptedTools } from '../../src/testing/index.ts';
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
    const nothing = { name: 'nothing', state: 'new', held: true, fingerprint: '', flags: [] } as const;
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
