import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { McpHost, Toolset } from '../../src/index.ts';
import { call, installedServer, open, processHost } from '../hosting.ts';

describe('@modelcontextprotocol/server-everything', () => {
  let host: McpHost;
  let toolset: Toolset;
  beforeAll(async () => {
    const entry = { ...installedServer('server-everything'), env: { GIVEN: 'by the mcp.json' } };
    const environment = {
      PATH: '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      SECRET: 'of the host',
    };
    host = processHost({ everything: entry }, { environment });
    toolset = await open(host, 'mcp/everything');
  });
  afterAll(() => host[Symbol.asyncDispose]());

  it('is ready after the first toolset is opened', () => {
    expect(host.servers()).toMatchObject([
      { id: 'mcp/everything', label: 'everything', transport: 'stdio', state: 'ready' },
    ]);
  });

  it('lists its tools without the one that runs only as a task', () => {
    const names = toolset.tools.map(({ name }) => name);
    expect(names).toContain('get-sum');
    expect(names).not.toContain('simulate-research-query');
  });

  it('answers a call with the content for the API and the text for the model', async () => {
    expect(await call(toolset, 'get-sum', { a: 2, b: 3 })).toEqual({
      type: 'success',
      server: 'mcp/everything',
      tool: 'get-sum',
      arguments: { a: 2, b: 3 },
      content: [{ type: 'text', text: 'The sum of 2 and 3 is 5.' }],
      output: '[{"type":"text","text":"The sum of 2 and 3 is 5."}]',
      text: 'The sum of 2 and 3 is 5.',
      isError: false,
    });
  });

  it('gives a child exactly the four inherited variables and those of the mcp.json', async () => {
    const outcome = await call(toolset, 'get-env');
    const { PWD: _, HOME, ...environment } = JSON.parse(outcome.type === 'success' ? outcome.text : '{}');
    // In a sandbox it has a home of its own.
    expect(['/nowhere', '/run/mcp-home']).toContain(HOME);
    // Its working folder is told by the sandbox, where there is one.
    expect(environment).toEqual({
      PATH: '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      GIVEN: 'by the mcp.json',
    });
  });

  it('shows an image to the model as a placeholder and to the API as it is', async () => {
    const outcome = await call(toolset, 'get-tiny-image');
    expect(outcome).toMatchObject({ type: 'success', text: expect.stringContaining('[image: image/png]') });
    expect(outcome.type === 'success' && outcome.content[1]).toMatchObject({ type: 'image', mimeType: 'image/png' });
  });

  it('waits for a call that reports its progress', async () => {
    const outcome = await call(toolset, 'trigger-long-running-operation', { duration: 0.1, steps: 2 });
    expect(outcome).toMatchObject({ type: 'success', isError: false });
  });
});

describe('@modelcontextprotocol/server-filesystem', () => {
  let root: string;
  let host: McpHost;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'bridge-'));
    await mkdir(join(root, 'docs'));
    await writeFile(join(root, 'docs', 'a.txt'), 'inside');
    await writeFile(join(root, 'secret.txt'), 'outside');
    host = processHost({ files: installedServer('server-filesystem', join(root, 'docs')) });
  });
  afterAll(async () => {
    await host[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  });

  it('reads a file of its folder', async () => {
    const toolset = await open(host, [{ server: 'mcp/files', allowedTools: ['read_text_file'] }]);
    const outcome = await call(toolset, 'read_text_file', { path: join(root, 'docs', 'a.txt') });
    expect(outcome).toMatchObject({ type: 'success', isError: false, text: 'inside' });
  });

  it("says as the tool's own error that a file outside is refused", async () => {
    const toolset = await open(host, [{ server: 'mcp/files', allowedTools: ['read_text_file'] }]);
    const outcome = await call(toolset, 'read_text_file', { path: join(root, 'secret.txt') });
    expect(outcome).toMatchObject({ type: 'success', isError: true });
    expect(outcome.type === 'success' && outcome.text).not.toContain('outside\n');
  });

  it('offers only the tools that were selected', async () => {
    const toolset = await open(host, [{ server: 'mcp/files', allowedTools: ['read_text_file', 'list_directory'] }]);
    expect(toolset.tools.map(({ name }) => name).sort()).toEqual(['list_directory', 'read_text_file']);
    expect(await call(toolset, 'write_file', { path: join(root, 'docs', 'b.txt'), content: 'x' })).toMatchObject({
      type: 'failure',
      kind: 'invalid_name',
    });
  });
});
