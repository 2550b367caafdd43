import { BridgeError, type BridgeErrorCode, type McpHost } from '@latchkey/mcp-bridge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IntegrationRequest } from '../../src/contracts/chat-request.ts';
import type { ServerError } from '../../src/contracts/server-error.ts';
import type { ChatToolset } from '../../src/contracts/toolset.ts';
import { openToolset } from '../../src/tools/open-toolset.ts';
import { ALL_ON, decideFor, newHost, UNAUDITED } from './caller.ts';

const signal = (): AbortSignal => new AbortController().signal;
const plugin = (id: string, ...allowedTools: string[]): IntegrationRequest =>
  allowedTools.length === 0 ? { type: 'plugin', id } : { type: 'plugin', id, allowedTools };
const grant = (mcp: Record<string, Record<string, unknown>>) => ({
  actions: ['chat'],
  mcp: Object.fromEntries(Object.entries(mcp).map(([server, tools]) => [server, { tools }])),
});

/** A request that nothing but its token holds back. */
const free = () => ({ switches: ALL_ON, audit: UNAUDITED, signal: signal() });

async function open(token: unknown, ...integrations: IntegrationRequest[]): Promise<ChatToolset> {
  return openToolset(newHost(), integrations, { ...free(), decide: await decideFor(token) });
}

async function refuse(token: unknown, ...integrations: IntegrationRequest[]): Promise<ServerError> {
  return open(token, ...integrations).then(
    () => expect.fail('it was opened'),
    (error: ServerError) => error,
  );
}

const names = ({ definitions }: ChatToolset): string[] => definitions.map(({ name }) => name);

describe('the tools of a request', () => {
  it('are those of the plugin that the token may call', async () => {
    const toolset = await open(grant({ 'mcp/a': { echo: {}, 'c*': {} } }), plugin('mcp/a'));
    expect(names(toolset)).toEqual(['echo', 'calls']);
    expect(toolset.definitions[0]).toEqual({
      name: 'echo',
      description: 'Says the text back.',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    });
    expect(toolset.describe('echo')).toEqual({ tool: 'echo', origin: { type: 'plugin', pluginId: 'mcp/a' } });
    expect(toolset.describe('hang')).toBeUndefined();
  });

  it('are only those that the request names', async () => {
    expect(names(await open(grant({ '*': { '*': {} } }), plugin('mcp/a', 'echo')))).toEqual(['echo']);
  });

  it('are none when the request names none', async () => {
    const toolset = await open(grant({ '*': { '*': {} } }), { type: 'plugin', id: 'mcp/a', allowedTools: [] });
    expect(names(toolset)).toEqual([]);
  });

  it('come from several plugins, and stay apart there', async () => {
    const toolset = await open(grant({ '*': { echo: {} } }), plugin('mcp/a'), plugin('mcp/b'));
    const origins = names(toolset).map((name) => toolset.describe(name)?.origin);
    expect(origins).toEqual([
      { type: 'plugin', pluginId: 'mcp/a' },
      { type: 'plugin', pluginId: 'mcp/b' },
    ]);
  });

  it('are of one plugin however its name is written', async () => {
    const config = grant({ '*': { echo: {} } });
    expect(names(await open(config, plugin('mcp/A')))).toEqual(['echo']);
  });

  it('are none, and nothing starts, when the request brings no integrations', async () => {
    const started: string[] = [];
    const host = newHost((label) => started.push(label));
    const toolset = await openToolset(host, [], { ...free(), decide: await decideFor(grant({ '*': { '*': {} } })) });
    expect(toolset.definitions).toEqual([]);
    expect(toolset.describe('echo')).toBeUndefined();
    expect(await toolset.call('echo', {}, signal())).toMatchObject({ type: 'refused', kind: 'invalid_name' });
    await toolset[Symbol.asyncDispose]();
    expect(started).toEqual([]);
  });
});

describe('a call', () => {
  it('runs the tool and has its answer for the model and for the caller', async () => {
    const toolset = await open(grant({ '*': { echo: {} } }), plugin('mcp/a'));
    expect(await toolset.call('echo', { text: 'Hi' }, signal())).toEqual({
      type: 'ran',
      tool: 'echo',
      origin: { type: 'plugin', pluginId: 'mcp/a' },
      arguments: { text: 'Hi' },
      output: '[{"type":"text","text":"Hi"}]',
      content: [{ type: 'text', text: 'Hi' }],
      isError: false,
    });
  });

  it.each(['hang', 'nonexistent', '__proto__'])('of %s, which is not among the tools, is refused', async (name) => {
    const toolset = await open(grant({ '*': { echo: {} } }), plugin('mcp/a'));
    expect(await toolset.call(name, {}, signal())).toMatchObject({
      type: 'refused',
      kind: 'invalid_name',
      tool: name,
      reason: 'There is no tool of this name. Those that can be called: echo.',
    });
  });

  it('is decided again, with its arguments', async () => {
    const rule = { echo: { arguments: { text: { maxLength: 3 } } } };
    const toolset = await open(grant({ '*': rule }), plugin('mcp/a'));
    expect(await toolset.call('echo', { text: 'abc' }, signal())).toMatchObject({ type: 'ran' });
    expect(await toolset.call('echo', { text: 'abcd' }, signal())).toMatchObject({
      type: 'refused',
      kind: 'invalid_arguments',
      tool: 'echo',
      origin: { pluginId: 'mcp/a' },
      arguments: { text: 'abcd' },
      reason: expect.stringContaining('longer than 3'),
    });
  });

  it('that needs the approval of a person is refused', async () => {
    const toolset = await open(grant({ '*': { echo: { approval: 'ask' } } }), plugin('mcp/a'));
    expect(await toolset.call('echo', { text: 'Hi' }, signal())).toMatchObject({
      type: 'refused',
      kind: 'invalid_arguments',
      reason: expect.stringContaining('approval'),
    });
  });

  it('with arguments that the tool does not take is refused', async () => {
    const toolset = await open(grant({ '*': { '*': {} } }), plugin('mcp/a'));
    expect(await toolset.call('echo', { text: 5 }, signal())).toMatchObject({
      type: 'refused',
      kind: 'invalid_arguments',
    });
  });

  it('of a tool that fails has run, and the model reads the failure', async () => {
    const toolset = await open(grant({ '*': { '*': {} } }), plugin('mcp/a'));
    expect(await toolset.call('fail', {}, signal())).toMatchObject({
      type: 'ran',
      tool: 'fail',
      content: [{ type: 'text', text: 'Error: disk is full' }],
      isError: true,
    });
    const refused = await toolset.call('refuse', {}, signal());
    expect(refused).toMatchObject({
      type: 'ran',
      tool: 'refuse',
      content: [{ text: expect.stringMatching(/^Error: /) }],
      isError: true,
    });
    if (refused.type !== 'ran') throw new Error('the call did not run');
    expect(JSON.parse(refused.output)).toEqual(refused.content);
  });

  it('is given up with the toolset', async () => {
    const toolset = await open(grant({ '*': { '*': {} } }), plugin('mcp/a'));
    const call = toolset.call('hang', {}, signal());
    await toolset[Symbol.asyncDispose]();
    expect(await call).toMatchObject({
      type: 'ran',
      content: [{ text: expect.stringMatching(/^Error: /) }],
      isError: true,
    });
  });
});

describe('what is not permitted', () => {
  it('refuses the whole request, though the rest of it is permitted', async () => {
    expect(await refuse(grant({ 'mcp/a': { '*': {} } }), plugin('mcp/a'), plugin('mcp/b'))).toMatchObject({
      code: 'PERMISSION_DENIED',
      field: 'integrations',
      message: expect.stringContaining("plugin 'mcp/b'"),
    });
  });

  it('is told word for word as if it did not exist: a tool', async () => {
    const token = grant({ 'mcp/a': { echo: {} } });
    const forbidden = await refuse(token, plugin('mcp/a', 'hang'));
    const absent = await refuse(token, plugin('mcp/a', 'none'));
    expect(forbidden).toMatchObject({ code: 'PERMISSION_DENIED', field: 'integrations' });
    expect(forbidden.message).toContain("'hang'");
    expect(forbidden.message.replace('hang', 'none')).toBe(absent.message);
    expect(absent.code).toBe(forbidden.code);
  });

  it('is told word for word as if it did not exist: a tool for a token that may call all of them', async () => {
    const [narrow, broad] = [grant({ 'mcp/a': { echo: {} } }), grant({ 'mcp/a': { '*': {} } })];
    const forbidden = await refuse(narrow, plugin('mcp/a', 'hang'));
    const absent = await refuse(broad, plugin('mcp/a', 'none'));
    expect(forbidden.message.replace('hang', 'none')).toBe(absent.message);
  });

  it('is told word for word as if it did not exist: a plugin', async () => {
    const token = grant({ 'mcp/b': { '*': {} } });
    const [there, absent] = [await refuse(token, plugin('mcp/a')), await refuse(token, plugin('mcp/z'))];
    expect(there.code).toBe('PERMISSION_DENIED');
    expect(absent.code).toBe('PERMISSION_DENIED');
    expect(there.message.replaceAll('mcp/a', 'mcp/z')).toBe(absent.message);
  });

  it('is a plugin of which the token may call nothing that there is', async () => {
    expect(await refuse(grant({ 'mcp/a': { 'x_*': {} } }), plugin('mcp/a'))).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('none of its tools'),
    });
  });

  it('starts no server', async () => {
    const started: string[] = [];
    const host = newHost((label) => started.push(label));
    const decide = await decideFor(grant({ 'mcp/a': { echo: {} } }));
    for (const integrations of [[plugin('mcp/b')], [plugin('mcp/a', 'hang')], [plugin('mcp/a'), plugin('mcp/b')]]) {
      await expect(openToolset(host, integrations, { ...free(), decide })).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      });
    }
    expect(started).toEqual([]);
  });

  it('is every server that a request brings along', async () => {
    const full = { actions: ['*'], mcp: { '*': { tools: { '*': {} } } }, ephemeralMcp: { hosts: ['*'], tools: ['*'] } };
    const refused = await refuse(full, {
      type: 'ephemeral_mcp',
      serverLabel: 'x',
      serverUrl: 'http://169.254.169.254/',
    });
    expect(refused).toMatchObject({ code: 'PERMISSION_DENIED', field: 'integrations' });
    expect(refused.message).not.toContain('169.254');
  });

  it.each(['*', 'mcp/*', '*/a', '__proto__', 'constructor'])(
    'cannot be had by asking for the plugin %s',
    async (id) => {
      const error = await refuse(grant({ 'mcp/a': { '*': {} } }), plugin(id));
      expect(error.code).toBe('PERMISSION_DENIED');
    },
  );

  it.each(['*', 'e*', '__proto__'])('cannot be had by asking for the tool %s', async (tool) => {
    expect((await refuse(grant({ 'mcp/a': { '*': {} } }), plugin('mcp/a', tool))).code).toBe('PERMISSION_DENIED');
  });
});

describe('the switches of the operator', () => {
  const everything = grant({ '*': { '*': {} } });
  const ephemeral: IntegrationRequest = { type: 'ephemeral_mcp', serverLabel: 'x', serverUrl: 'https://x.example' };

  it('refuse every plugin while allowMcpJson is off, whatever the token may, and start none', async () => {
    const started: string[] = [];
    const off = () => ({ ...ALL_ON(), allowMcpJson: false });
    const host = newHost((label) => started.push(label));
    const decide = await decideFor(everything);
    for (const integration of [plugin('mcp/a'), plugin('mcp/none'), plugin('mcp/a', 'echo')]) {
      await expect(openToolset(host, [integration], { ...free(), decide, switches: off })).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        field: 'integrations',
        message: expect.stringContaining('allowMcpJson'),
      });
    }
    expect(started).toEqual([]);
  });

  it('fail the next call of a request that runs when allowMcpJson is switched off', async () => {
    let allowMcpJson = true;
    const switches = () => ({ ...ALL_ON(), allowMcpJson });
    const toolset = await openToolset(newHost(), [plugin('mcp/a')], {
      ...free(),
      decide: await decideFor(everything),
      switches,
    });
    expect(await toolset.call('echo', { text: 'a' }, signal())).toMatchObject({ type: 'ran' });
    allowMcpJson = false;
    expect(await toolset.call('echo', { text: 'a' }, signal())).toMatchObject({
      type: 'refused',
      reason: expect.stringContaining('allowMcpJson'),
    });
  });

  it('refuse servers that a request brings along by the name of allowEphemeralMcp while it is off', async () => {
    const off = () => ({ ...ALL_ON(), allowEphemeralMcp: false });
    await expect(
      openToolset(newHost(), [ephemeral], { ...free(), decide: await decideFor(everything), switches: off }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('allowEphemeralMcp') });
    expect((await refuse(everything, ephemeral)).message).toContain('MCP server at x.example is not granted');
  });
});

describe('what the token permits and the server has not', () => {
  it('is named: a plugin that mcp.json does not have', async () => {
    expect(await refuse(grant({ '*': { '*': {} } }), plugin('mcp/none'))).toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      field: 'integrations',
      message: expect.stringContaining('mcp/<label>'),
    });
  });

  it('is named: a plugin that does not start, and its output is for the log only', async () => {
    const error = await refuse(grant({ '*': { '*': {} } }), plugin('mcp/dead'));
    expect(error).toMatchObject({ code: 'PLUGIN_UNAVAILABLE', field: 'integrations' });
    expect(error.cause).toBeInstanceOf(BridgeError);
    expect(error.message).not.toContain('ended with code');
  });

  it('is a plugin of a host that was closed', async () => {
    const host = newHost();
    await host[Symbol.asyncDispose]();
    await expect(
      openToolset(host, [plugin('mcp/a')], { ...free(), decide: await decideFor(grant({ '*': { '*': {} } })) }),
    ).rejects.toMatchObject({ code: 'PLUGIN_UNAVAILABLE' });
  });
});

describe('a fault of another kind', () => {
  const host = (error: unknown): Pick<McpHost, 'openToolset'> => ({
    openToolset: () => Promise.reject(error),
  });

  it('goes on as it is: the reason of the signal, and a bug', async () => {
    const decide = await decideFor(grant({}));
    const errors = [
      new Error('the caller went away'),
      new BridgeError('MCP_CONFIG_INVALID' satisfies BridgeErrorCode, 'a bug'),
    ];
    for (const error of errors) {
      await expect(openToolset(host(error), [plugin('mcp/a')], { ...free(), decide })).rejects.toBe(error);
    }
  });
});

describe('listing and calling', () => {
  const TOOLS = ['echo', 'calls', 'fail', 'structured'];
  const often = <T>(value: T, ...others: T[]) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 2, arbitrary: fc.constantFrom(...others) });
  const rule = often<object>({}, { approval: 'ask' }, { arguments: { text: { const: 'x' } } });
  const toolGlob = often('*', 'echo', 'e*', 'c*', '*l*', 'fail', 'structured', 'none');
  const serverGlob = often('*', 'mcp/a', 'mcp/*', 'mcp/b', '*a');
  const tools = fc.dictionary(toolGlob, rule, { minKeys: 1, maxKeys: 3 });
  const mcp = fc.dictionary(serverGlob, tools, { maxKeys: 3 });
  const wish = fc.record({
    server: fc.constantFrom('mcp/a', 'mcp/b'),
    tools: fc.option(fc.subarray([...TOOLS, 'none'], { minLength: 1, maxLength: 2 }), { nil: undefined, freq: 2 }),
  });

  it('agree with each other and with the decision, whatever the grants and the request', async () => {
    const host = newHost();
    const everything = await decideFor(grant({ '*': { '*': {} } }));
    const all = names(await openToolset(host, [plugin('mcp/a')], { ...free(), decide: everything }));
    const runs = { opened: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(mcp, mcp, wish, async (tokenMcp, policyMcp, { server, tools }) => {
        const decide = await decideFor(grant(tokenMcp), { ...grant(policyMcp), actions: ['*'] });
        const may = (name: string): boolean =>
          decide({ action: 'chat', mcp: { server, name } }, []).allowed && name !== 'none';
        const opening = openToolset(host, [plugin(server, ...(tools ?? []))], { ...free(), decide });
        const toolset = await opening.catch((error: ServerError) => error);
        runs[toolset instanceof Error ? 'refused' : 'opened'] += 1;
        if (toolset instanceof Error) {
          // Refused for a reason: a tool that was asked for by name may not be called, or none at all may.
          expect(toolset.code).toBe('PERMISSION_DENIED');
          expect(tools === undefined ? all.some(may) : tools.every(may)).toBe(false);
          return;
        }
        const listed = names(toolset);
        expect(listed.toSorted()).toEqual((tools ?? all.filter(may)).toSorted());
        expect(listed.every(may)).toBe(true);
        for (const name of TOOLS) {
          const args = { text: 'x' };
          const outcome = await toolset.call(name, args, signal());
          const decision = decide({ action: 'chat', mcp: { server, name, arguments: args } }, []);
          const mayRun = listed.includes(name) && decision.allowed && !decision.approval;
          expect(outcome.type === 'ran', `${name} ran`).toBe(mayRun);
          if (!listed.includes(name)) expect(outcome).toMatchObject({ kind: 'invalid_name' });
        }
        await toolset[Symbol.asyncDispose]();
      }),
      { numRuns: 200 },
    );
    // Neither half of the property holds because nothing was there to hold.
    expect(Math.min(runs.opened, runs.refused)).toBeGreaterThan(20);
  });
});
