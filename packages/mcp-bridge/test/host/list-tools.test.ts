import { describe, expect, it } from 'vitest';
import type { BridgeLogger } from '../../src/index.ts';
import { scriptedTools } from '../../src/testing/index.ts';
import { call, memoryHost, open } from '../hosting.ts';

const good = scriptedTools.map(({ name }) => name).sort();
const names = (toolset: { tools: readonly { name: string }[] }) => toolset.tools.map(({ name }) => name).sort();

function recorder() {
  const lines: string[] = [];
  const write = (fields: object): number => lines.push(JSON.stringify(fields));
  const logger: BridgeLogger = { debug: () => {}, info: () => {}, warn: write, error: write };
  return { lines, logger };
}

describe('listing tools', () => {
  it('drops bad tools one by one and keeps the others', async () => {
    const { lines, logger } = recorder();
    await using host = memoryHost({ a: ['bad-tools'] }, { logger });
    expect(names(await open(host, 'mcp/a'))).toEqual(good);
    expect(lines.join()).toContain('too-deep is not offered: its schema is nested more than 32 deep');
    expect(host.servers()[0]?.problems).toContainEqual({
      tool: 'twice',
      text: 'twice is not offered: it is defined twice, in different words',
    });
  });

  it('names a bad tool by its name where that can be shown, and says the same at the next listing', async () => {
    await using host = memoryHost({ a: ['bad-tools'] });
    expect(host.servers()[0]?.problems).toEqual([]);
    await open(host, 'mcp/a');
    const problems = host.servers()[0]?.problems ?? [];
    expect(problems.map(({ tool }) => tool)).toContain('text-schema');
    expect(problems.filter(({ tool }) => tool === undefined)).not.toEqual([]);
    await open(host, 'mcp/a');
    expect(host.servers()[0]?.problems).toEqual(problems);
  });

  it('says so once, not at each listing', async () => {
    const { lines, logger } = recorder();
    await using host = memoryHost({ a: ['bad-tools'] }, { logger });
    await open(host, 'mcp/a');
    await open(host, 'mcp/a');
    expect(lines).toHaveLength(1);
  });

  it('ends after 256 pages', async () => {
    await using host = memoryHost({ a: ['infinite-pages'] });
    const listed = names(await open(host, 'mcp/a'));
    expect(listed).toHaveLength(good.length + 255);
    expect(listed).toContain('page-256');
  });

  it('takes a thousand tools', async () => {
    await using host = memoryHost({ a: ['many-tools'] });
    expect((await open(host, 'mcp/a')).tools).toHaveLength(1000);
    expect(host.servers()[0]?.problems).toEqual([]);
  });

  it('asks a server that promised to tell of changes only once', async () => {
    await using host = memoryHost({ a: ['flip', 'promise'] });
    await open(host, 'mcp/a');
    expect((await open(host, 'mcp/a')).tools[0]?.description).toBe('Version 1.');
  });

  it('asks it again when it has told of a change', async () => {
    await using host = memoryHost({ a: ['flip', 'promise'] });
    await call(await open(host, 'mcp/a'), 'announce');
    expect((await open(host, 'mcp/a')).tools[0]?.description).toBe('Version 2.');
  });

  it('asks once for all requests that wait for the list', async () => {
    await using host = memoryHost({ a: ['flip'] });
    const toolsets = await Promise.all([open(host, 'mcp/a'), open(host, 'mcp/a'), open(host, 'mcp/a')]);
    expect(toolsets.map(({ tools }) => tools[0]?.description)).toEqual(['Version 1.', 'Version 1.', 'Version 1.']);
  });

  it('asks a server that promised nothing each time', async () => {
    await using host = memoryHost({ a: ['flip'] });
    await open(host, 'mcp/a');
    expect((await open(host, 'mcp/a')).tools[0]?.description).toBe('Version 2.');
  });

  it('asks a server once in the stated time, and again when it has passed', async () => {
    let time = 0;
    await using host = memoryHost({ a: ['flip'] }, { limits: { listMs: 5_000 }, now: () => time });
    const described = async () => (await open(host, 'mcp/a')).tools[0]?.description;
    expect(await described()).toBe('Version 1.');
    time = 4_999;
    expect(await described()).toBe('Version 1.');
    time = 5_000;
    expect(await described()).toBe('Version 2.');
    time = 9_999;
    expect(await described()).toBe('Version 2.');
  });

  it('asks within that time when a call was refused by the server, and for a tool that the list lacks', async () => {
    await using host = memoryHost({ a: ['grow'] }, { limits: { listMs: 60_000 }, now: () => 0 });
    const toolset = await open(host, 'mcp/a');
    expect((await open(host, [{ server: 'mcp/a', allowedTools: ['new-1'] }])).tools).toHaveLength(1);
    const before = (await open(host, 'mcp/a')).tools.length;
    expect(await call(toolset, 'refuse')).toMatchObject({ kind: 'failed' });
    expect((await open(host, 'mcp/a')).tools).toHaveLength(before + 1);
  });

  it('does not call a tool that changed within that time, once the change is known', async () => {
    let time = 0;
    await using host = memoryHost({ a: ['flip'] }, { limits: { listMs: 5_000 }, now: () => time });
    const toolset = await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({ type: 'success' });
    time = 5_000;
    await open(host, 'mcp/a');
    expect(await call(toolset, 'echo', { text: 'x' })).toMatchObject({
      reason: 'The tool has changed since this request began.',
    });
  });

  it('survives answers to wrong ids, and each answer twice', async () => {
    await using host = memoryHost({ a: ['wrong-ids', 'noise'] });
    expect(await call(await open(host, 'mcp/a'), 'echo', { text: 'x' })).toMatchObject({ text: 'x' });
  });

  it('offers a server nothing: no sampling, no elicitation, no roots', async () => {
    await using host = memoryHost({ a: ['asks'] });
    const toolset = await open(host, 'mcp/a');
    const outcome = await call(toolset, 'answers');
    const answers = JSON.parse(outcome.type === 'success' ? outcome.text : '[]');
    const codes = answers.map((answer: { error: { code: number } }) => answer.error.code);
    expect(codes).toEqual([-32601, -32601, -32601, -32601, -32601]);
    const words = answers.map((answer: { error: { message: string } }) => answer.error.message);
    expect(words[0]).toMatch(/sampling.* is not supported by this client/i);
    expect(words[1]).toMatch(/elicitation.* is not supported by this client/i);
  });
});
