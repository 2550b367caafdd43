import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createMcpHost, type McpHostOptions, parseMcpJson } from '../../src/index.ts';
import { call, open } from '../hosting.ts';

const program = fileURLToPath(new URL('./raw-server.mjs', import.meta.url));

/** A host of one program, whose ways are given as JavaScript. */
function hostOf(ways: string, options: Partial<McpHostOptions> = {}) {
  const raw = { command: process.execPath, args: [program, ways], sandbox: 'off' };
  return createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers: { raw } }), {}), ...options });
}

describe('a program that ends when it has done its work', () => {
  it('is started again for each call, and nothing counts as failed', async () => {
    const ways = `{ after: (method) => method === 'tools/call' && setTimeout(() => process.exit(0), 20) }`;
    // On a clock that stands still, the third failure would have to wait.
    await using host = hostOf(ways, { now: () => 0 });
    const pids = new Set<string>();
    for (let time = 0; time < 6; time += 1) {
      const toolset = await open(host, 'mcp/raw');
      const outcome = await call(toolset, 'act');
      expect(outcome).toMatchObject({ type: 'success' });
      if (outcome.type === 'success') pids.add(outcome.text);
      await expect.poll(() => host.servers()[0]?.state).toBe('stopped');
      expect(host.servers()[0]?.error).toBeUndefined();
    }
    expect(pids.size).toBe(6);
  });

  it('has failed when somebody waited for its answer', async () => {
    await using host = hostOf(
      `{ write: (text, method) => method === 'tools/call' ? process.exit(0) : process.stdout.write(text) }`,
    );
    expect(await call(await open(host, 'mcp/raw'), 'act')).toMatchObject({ kind: 'unavailable' });
    expect(host.servers()[0]?.error).toBe('it ended with code 0');
  });

  it('has failed when it ended with an error, whoever waited', async () => {
    await using host = hostOf(
      `{ after: (method) => method === 'tools/call' && setTimeout(() => process.exit(3), 20) }`,
    );
    expect(await call(await open(host, 'mcp/raw'), 'act')).toMatchObject({ type: 'success' });
    await expect.poll(() => host.servers()[0]?.error).toBe('it ended with code 3');
  });
});

describe('a request that meets a short delay of starts', () => {
  it('waits for it', async () => {
    await using host = hostOf(
      `{ write: (text, method) => method === 'tools/call' ? process.exit(1) : process.stdout.write(text) }`,
    );
    for (let time = 0; time < 3; time += 1) {
      expect(await call(await open(host, 'mcp/raw'), 'act')).toMatchObject({ kind: 'unavailable' });
    }
    expect(host.servers()[0]?.state).toBe('backoff');
    expect((await open(host, 'mcp/raw')).tools).toHaveLength(1);
  });
});

describe('the standard output of a program', () => {
  it('may begin with a byte order mark', async () => {
    await using host = hostOf(`(() => { process.stdout.write('\\uFEFF'); return {}; })()`);
    expect(await call(await open(host, 'mcp/raw'), 'act')).toMatchObject({ type: 'success' });
  });

  it('may have its answers in lists', async () => {
    await using host = hostOf(`{ change: (answer) => [answer] }`);
    expect(await call(await open(host, 'mcp/raw'), 'act')).toMatchObject({ type: 'success' });
  });

  it('may have any number of other lines in a long life, and so many at each call', async () => {
    const ways = `{ after: () => { for (let line = 0; line < 20; line += 1) console.log('working…'); } }`;
    await using host = hostOf(ways);
    const toolset = await open(host, 'mcp/raw');
    for (let time = 0; time < 60; time += 1) expect(await call(toolset, 'act')).toMatchObject({ type: 'success' });
    expect(host.servers()[0]?.state).toBe('ready');
  });

  it.each([
    ['first', '(text, id) => ({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text }] } })'],
    ['last', '(text, id) => ({ result: { content: [{ type: "text", text }] }, jsonrpc: "2.0", id })'],
    ['as a text', '(text, id) => ({ jsonrpc: "2.0", id: String(id), result: { content: [{ type: "text", text }] } })'],
  ])('may have a line that is too long: it ends its call, id %s, and not the program', async (_, make) => {
    const long = `(${make})('x'.repeat(200000), answer.id)`;
    const ways = `(() => { let n = 0; return { change: (answer, method) => method === 'tools/call' && ++n === 2 ? ${long} : answer }; })()`;
    await using host = hostOf(ways, { limits: { messageBytes: 100_000, callTimeoutMs: 50_000 } });
    const toolset = await open(host, 'mcp/raw');
    const first = await call(toolset, 'act');
    expect(await call(toolset, 'act')).toMatchObject({
      kind: 'failed',
      reason: expect.stringMatching(/more than is taken/),
    });
    expect(await call(toolset, 'act')).toEqual(first);
  });
});

describe('an answer to initialize with a blemish', () => {
  it.each([
    ['no version', 'delete answer.result.serverInfo.version'],
    ['no serverInfo', 'delete answer.result.serverInfo'],
    ['a list of capabilities', 'answer.result.capabilities = { tools: [] }'],
    ['a capability that is null', 'answer.result.capabilities = { tools: { listChanged: null }, resources: null }'],
    ['capabilities that are true', 'answer.result.capabilities = { tools: true, logging: false }'],
    ['instructions that are null', 'answer.result.instructions = null'],
    ['a title that is null', 'answer.result.serverInfo.title = null'],
  ])('does no harm: %s', async (_, spoil) => {
    await using host = hostOf(
      `{ change: (answer, method) => { if (method === 'initialize') ${spoil}; return answer; } }`,
    );
    expect(await call(await open(host, 'mcp/raw'), 'act')).toMatchObject({ type: 'success' });
  });

  it.each([
    ['answer.result.protocolVersion = "1.0"', 'it speaks version 1.0 of the protocol, which is not known here'],
    [
      'answer = { jsonrpc: "2.0", id: answer.id, error: { code: -32000, message: "no licence" } }',
      'it refused: no licence (-32000)',
    ],
  ])('is told in its own words when it cannot be used: %s', async (spoil, why) => {
    await using host = hostOf(
      `{ change: (answer, method) => { if (method === 'initialize') ${spoil}; return answer; } }`,
    );
    await expect(open(host, 'mcp/raw')).rejects.toThrow(`could not be started: ${why}.`);
    expect(host.servers()[0]?.error).toBe(why);
  });
});

describe('a program that never answers', () => {
  it.each([
    [
      `console.log('usage: server [options]')`,
      'it took too long; it printed 1 line that is no message on its standard output',
    ],
    [
      `process.stdout.write('ready>')`,
      'it took too long; it printed 6 bytes on its standard output, and no end of a line',
    ],
  ])('is said to have printed what it printed: %s', async (print, why) => {
    await using host = hostOf(`(${print}, { write: () => {} })`, { limits: { startTimeoutMs: 10_000 } });
    await expect(open(host, 'mcp/raw')).rejects.toThrow(`could not be started: ${why}.`);
  });

  it('has that in its output', async () => {
    await using host = hostOf(`(console.log('usage: server'), { write: () => {} })`, {
      limits: { startTimeoutMs: 10_000 },
    });
    await expect(open(host, 'mcp/raw')).rejects.toThrow('took too long');
    expect(host.output('mcp/raw')).toContain('[standard output] usage: server');
  });
});
