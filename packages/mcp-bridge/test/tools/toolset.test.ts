import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ToolGate, ToolGateCall, ToolVerdict } from '../../src/index.ts';
import { call, memoryHost, noSignal, open } from '../hosting.ts';

const textOf = (outcome: object): string => ('text' in outcome ? String(outcome.text) : JSON.stringify(outcome));

describe('a toolset', () => {
  it('shows each tool with its alias, its server and its own name', async () => {
    await using host = memoryHost({ a: [], B_2: [] });
    const toolset = await open(host, [
      { server: 'mcp/a', allowedTools: ['echo', 'fail'] },
      { server: 'mcp/b-2', allowedTools: ['echo'] },
    ]);
    expect(toolset.tools.map(({ name, server, tool }) => [name, server, tool])).toEqual([
      ['a__echo', 'mcp/a', 'echo'],
      ['fail', 'mcp/a', 'fail'],
      ['B_2__echo', 'mcp/b-2', 'echo'],
    ]);
    expect(await call(toolset, 'B_2__echo', { text: 'x' })).toMatchObject({
      server: 'mcp/b-2',
      tool: 'echo',
      text: 'x',
    });
  });

  it('says the same of a tool that is forbidden and of one that does not exist', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, [{ server: 'mcp/a', allowedTools: ['echo'] }]);
    const forbidden = await call(toolset, 'fail');
    const unknown = await call(toolset, 'nothing');
    expect(forbidden).toEqual({ ...unknown, tool: 'fail' });
    expect(unknown).toEqual({
      type: 'failure',
      kind: 'invalid_name',
      tool: 'nothing',
      reason: 'There is no tool of this name. Those that can be called: echo.',
    });
    for (const name of ['ECHO', 'echo ', 'a__echo', 'mcp/a/echo', '__proto__', 'constructor', '']) {
      expect(await call(toolset, name)).toMatchObject({ kind: 'invalid_name' });
    }
  });

  it('stays as it was when the server changes its definitions, and does not call what has changed', async () => {
    await using host = memoryHost({ a: ['flip'] });
    const first = await open(host, 'mcp/a');
    const second = await open(host, 'mcp/a');
    expect(first.tools[0]?.description).toBe('Version 1.');
    expect(await call(first, 'echo', { text: 'x' })).toMatchObject({
      kind: 'unavailable',
      reason: 'The tool has changed since this request began.',
    });
    expect(await call(first, 'calls')).toMatchObject({ text: '[]' });
    expect(await call(second, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
  });

  it('tells what a server says of a running call', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    const leaving = new AbortController();
    const heard: unknown[] = [];
    const onProgress = (progress: unknown): void => {
      heard.push(progress);
      leaving.abort();
    };
    const outcome = await toolset.call('progress', {}, { signal: leaving.signal, onProgress });
    expect(outcome).toMatchObject({ type: 'failure', kind: 'aborted' });
    expect(heard[0]).toEqual({ progress: 1 });
  });

  it('gives up its calls when it is closed, and lets the server run on', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    const hanging = call(toolset, 'hang');
    await toolset.close();
    expect(await hanging).toMatchObject({ kind: 'aborted' });
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ kind: 'aborted' });
    expect(host.servers()[0]?.state).toBe('ready');
  });
});

describe('a call', () => {
  it('asks the gate again, and a call that is denied never reaches the server', async () => {
    await using host = memoryHost({ a: [] });
    const gate: ToolGate = (asked) =>
      asked.arguments === undefined || asked.tool === 'calls'
        ? { allowed: true }
        : { allowed: false, reason: 'Not on a Sunday.' };
    const toolset = await open(host, 'mcp/a', gate);
    expect(await call(toolset, 'echo', { text: 'x' })).toEqual({
      type: 'failure',
      kind: 'denied',
      server: 'mcp/a',
      tool: 'echo',
      arguments: { text: 'x' },
      reason: 'Not on a Sunday.',
    });
    expect(textOf(await call(toolset, 'calls'))).toBe('[]');
  });

  it('does not call what has changed, as soon as the server has said so', async () => {
    await using host = memoryHost({ a: ['flip', 'promise'] });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
    expect(await call(toolset, 'announce')).toMatchObject({ type: 'success' });
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({
      kind: 'unavailable',
      reason: 'The tool has changed since this request began.',
    });
    expect(await call(toolset, 'structured')).toMatchObject({ type: 'success' });
  });

  it('shows the gate exactly what is sent, and nobody can change it in between', async () => {
    await using host = memoryHost({ a: [] });
    const args = { text: 'permitted', list: [{ a: 1 }] };
    const seen: ToolGateCall[] = [];
    const gate: ToolGate = async (asked) => {
      seen.push(asked);
      if (asked.arguments === undefined) return { allowed: true };
      args.text = 'changed by the caller';
      expect(() => Object.assign(asked.arguments as object, { text: 'changed by the gate' })).toThrow(TypeError);
      return { allowed: true };
    };
    const toolset = await open(host, [{ server: 'mcp/a', allowedTools: ['echo'] }], gate);
    expect(await call(toolset, 'echo', args)).toMatchObject({ text: 'permitted', arguments: { text: 'permitted' } });
    expect(seen.at(-1)).toEqual({
      server: 'mcp/a',
      tool: 'echo',
      effect: 'destructive',
      argumentNames: ['text'],
      arguments: { text: 'permitted', list: [{ a: 1 }] },
    });
  });

  it.each<[string, ToolGate]>([
    [
      'throws',
      () => {
        throw new Error('the store is down');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('the store is down'))],
    ['answers nothing', () => undefined as never],
    ['answers something else', () => ({ allowed: 'yes' }) as never],
  ])('is denied when the gate %s', async (_, broken) => {
    await using host = memoryHost({ a: [] });
    const gate: ToolGate = (asked, context) =>
      asked.arguments !== undefined && asked.tool === 'echo' ? broken(asked, context) : { allowed: true };
    const toolset = await open(host, 'mcp/a', gate);
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({
      kind: 'denied',
      reason: 'The permission check failed.',
    });
    expect(textOf(await call(toolset, 'calls'))).toBe('[]');
  });

  it('is made with the arguments that the gate gives in place of the others, and those are frozen', async () => {
    await using host = memoryHost({ a: [] });
    const changed = { text: 'better' };
    const gate: ToolGate = ({ arguments: args }) => ({ allowed: true, ...(args && { arguments: changed }) });
    const outcome = await call(await open(host, 'mcp/a', gate), 'echo', { text: 'good' });
    expect(outcome).toMatchObject({ type: 'success', text: 'better' });
    expect(outcome.arguments).toBe(changed);
    expect(Object.isFrozen(changed)).toBe(true);
  });

  it('with arguments from the gate that do not fit the schema is not made', async () => {
    await using host = memoryHost({ a: [] });
    const gate: ToolGate = (asked) => ({ allowed: true, ...(asked.arguments && { arguments: { text: 5 } }) });
    const outcome = await call(await open(host, 'mcp/a', gate), 'echo', { text: 'good' });
    expect(outcome).toMatchObject({ kind: 'invalid_arguments', arguments: { text: 5 } });
  });

  it('is denied when the gate gives something that is no object in place of the arguments', async () => {
    await using host = memoryHost({ a: [] });
    for (const wrong of [null, 'text', ['text']]) {
      const gate: ToolGate = ({ arguments: args }) => ({ allowed: true, ...(args && { arguments: wrong as never }) });
      const outcome = await call(await open(host, 'mcp/a', gate), 'echo', { text: 'good' });
      expect(outcome).toMatchObject({ kind: 'denied', reason: 'The permission check failed.' });
    }
  });

  it('has a gate that can tell what the schema has against arguments', async () => {
    await using host = memoryHost({ a: [] });
    const problems: unknown[] = [];
    const gate: ToolGate = (asked, { problemOf }) => {
      if (asked.arguments !== undefined) problems.push(problemOf?.({ text: 5 }), problemOf?.({ text: 'x' }));
      return { allowed: true };
    };
    await call(await open(host, 'mcp/a', gate), 'echo', { text: 'good' });
    expect(problems).toEqual([expect.stringContaining('"text"'), undefined]);
  });

  it('is given up while its gate waits, and the gate hears of it; the time of the tool has not begun', async () => {
    await using host = memoryHost({ a: [] }, { limits: { callTotalTimeoutMs: 1 } });
    const asked = Promise.withResolvers<AbortSignal>();
    const gate: ToolGate = ({ arguments: args }, { signal }) => {
      if (args === undefined) return { allowed: true };
      asked.resolve(signal);
      return new Promise(() => {});
    };
    const toolset = await open(host, 'mcp/a', gate);
    const leaving = new AbortController();
    const running = call(toolset, 'echo', { text: 'x' }, leaving.signal);
    const signal = await asked.promise;
    expect(signal.aborted).toBe(false);
    leaving.abort();
    expect(signal.aborted).toBe(true);
    expect(await running).toMatchObject({ kind: 'aborted' });
  });

  it.each([null, 7, 'text', [], () => {}])('with arguments that are %j is not made', async (args) => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', args)).toEqual({
      type: 'failure',
      kind: 'invalid_arguments',
      server: 'mcp/a',
      tool: 'echo',
      reason: 'The arguments must be a JSON object.',
    });
  });

  it('with arguments that do not fit the schema is not made, and the reason names the argument', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 12345 })).toEqual({
      type: 'failure',
      kind: 'invalid_arguments',
      server: 'mcp/a',
      tool: 'echo',
      arguments: { text: 12345 },
      reason: 'The argument "text" must be string.',
    });
    expect(textOf(await call(toolset, 'calls'))).toBe('[]');
  });

  it('with arguments that refer to themselves is not made', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    const args: Record<string, unknown> = { text: 'x' };
    args.self = args;
    expect(await call(toolset, 'echo', args)).toMatchObject({ kind: 'invalid_arguments' });
  });

  it("has the tool's own failure as a result", async () => {
    await using host = memoryHost({ a: [] });
    expect(await call(await open(host, 'mcp/a'), 'fail')).toMatchObject({
      type: 'success',
      isError: true,
      text: 'disk is full',
    });
  });

  it('has an error of the protocol as a failure, with hidden characters written out', async () => {
    await using host = memoryHost({ a: [] });
    const outcome = await call(await open(host, 'mcp/a'), 'refuse');
    expect(outcome).toMatchObject({
      type: 'failure',
      kind: 'failed',
      reason: expect.stringContaining('not\\u{200B} today'),
    });
  });

  it('has an answer that is no result as a failure', async () => {
    await using host = memoryHost({ a: [] });
    expect(await call(await open(host, 'mcp/a'), 'garbage')).toMatchObject({
      reason: 'The tool gave no result: its answer has null as its result.',
      type: 'failure',
      kind: 'failed',
    });
  });

  it('has structured content as text for the model', async () => {
    await using host = memoryHost({ a: [] });
    expect(await call(await open(host, 'mcp/a'), 'structured')).toMatchObject({
      text: '{"celsius":21}',
      output: '[{"type":"text","text":"{\\"celsius\\":21}"}]',
    });
  });

  it('has a large result cut, with a mark', async () => {
    await using host = memoryHost({ a: [] }, { limits: { resultBytes: 1_000, resultTokens: 100 } });
    const outcome = await call(await open(host, 'mcp/a'), 'big', { bytes: 10_000 });
    expect(textOf(outcome)).toMatch(/^x{300}\n\[cut: about 100 of \d+ tokens shown\]$/);
    expect(outcome.type === 'success' && outcome.output.length).toBeLessThan(1_200);
  });

  it('is aborted by its signal, before it begins and while it runs', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' }, AbortSignal.abort())).toMatchObject({ kind: 'aborted' });
    const controller = new AbortController();
    const hanging = call(toolset, 'hang', {}, controller.signal);
    await call(toolset, 'echo', { text: 'the call before is on its way' });
    controller.abort();
    expect(await hanging).toMatchObject({ kind: 'aborted' });
  });

  it('is aborted while the gate thinks', async () => {
    await using host = memoryHost({ a: [] });
    const controller = new AbortController();
    const gate: ToolGate = (asked) => {
      if (asked.arguments === undefined) return { allowed: true };
      controller.abort();
      return new Promise(() => {});
    };
    const toolset = await open(host, 'mcp/a', gate);
    expect(await call(toolset, 'echo', { text: 'x' }, controller.signal)).toMatchObject({ kind: 'aborted' });
  });

  it('leaves nothing behind on a signal that outlives it', async () => {
    await using host = memoryHost({ a: [] });
    const toolset = await open(host, 'mcp/a');
    const { signal } = new AbortController();
    for (let count = 0; count < 5; count += 1) await call(toolset, 'echo', { text: 'x' }, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('waits for its turn when its server is busy', async () => {
    await using host = memoryHost({ a: [] }, { limits: { concurrentCallsPerServer: 2 } });
    const toolset = await open(host, 'mcp/a');
    const controller = new AbortController();
    const hanging = call(toolset, 'hang', {}, controller.signal);
    await call(toolset, 'echo', { text: 'the call before is on its way' });
    const waiting = call(toolset, 'wait');
    let released = false;
    const release = call(toolset, 'release').then(() => {
      released = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(released).toBe(false);
    controller.abort();
    await hanging;
    await release;
    expect(await waiting).toMatchObject({ text: 'released' });
  });
});

describe('the time of a call', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends when the server is silent for too long', async () => {
    await using host = memoryHost({ a: [] }, { limits: { callTimeoutMs: 1_000 } });
    const toolset = await open(host, 'mcp/a');
    const hanging = call(toolset, 'hang');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await hanging).toMatchObject({ kind: 'timeout' });
  });

  it('is longer when the server reports progress, up to the total', async () => {
    await using host = memoryHost({ a: [] }, { limits: { callTimeoutMs: 1_000, callTotalTimeoutMs: 5_000 } });
    const toolset = await open(host, 'mcp/a');
    let outcome: { kind?: string } | undefined;
    void toolset.call('progress', {}, { signal: noSignal() }).then((settled) => {
      outcome = settled as { kind?: string };
    });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(outcome).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    expect(outcome).toMatchObject({ kind: 'timeout' });
  });

  it('counts while it waits for its turn, and not while the gate thinks', async () => {
    const limits = { concurrentCallsPerServer: 1, callTotalTimeoutMs: 2_000 };
    await using host = memoryHost({ a: [] }, { limits });
    const person = Promise.withResolvers<ToolVerdict>();
    const gate: ToolGate = ({ tool, arguments: args }) =>
      args !== undefined && tool === 'fail' ? person.promise : { allowed: true };
    const toolset = await open(host, 'mcp/a', gate);
    const approved = call(toolset, 'fail');
    const outcomes = Promise.all([call(toolset, 'hang'), call(toolset, 'hang')]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await outcomes).map((outcome) => 'kind' in outcome && outcome.kind)).toEqual(['timeout', 'timeout']);
    person.resolve({ allowed: true });
    expect(await approved).toMatchObject({ type: 'success', text: 'disk is full' });
  });

  it('ends a server after three calls in a row that timed out', async () => {
    await using host = memoryHost({ a: [] }, { limits: { callTimeoutMs: 1_000 } });
    const toolset = await open(host, 'mcp/a');
    for (const last of [false, false, true]) {
      expect(host.servers()[0]?.state).toBe('ready');
      const hanging = call(toolset, 'hang');
      await vi.advanceTimersByTimeAsync(1_000);
      await hanging;
      expect(host.servers()[0]?.error).toBe(last ? 'it does not answer calls' : undefined);
    }
  });
});
