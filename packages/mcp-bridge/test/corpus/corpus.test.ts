import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadMcpJson, parseMcpJson, pluginId } from '../../src/index.ts';
import { snippets } from './readmes.ts';

const hostFile = (name: string): string =>
  new URL(`./hosts/${name}${name === 'vscode' ? '.jsonc' : '.json'}`, import.meta.url).pathname;

describe('the snippet of the README of', () => {
  it.each(snippets)('$source is read as it was meant', ({ text, servers, problems = {}, warnings = [] }) => {
    const folder = text.includes('workspaceFolder') ? text.replaceAll(/\$\{workspaceFolder\}/g, '/work') : text;
    const config = parseMcpJson(folder, { HOME: '/home/me' });
    const read = [...config.servers.values()];
    expect(Object.fromEntries(read.map(({ label, transport }) => [label, transport]))).toEqual(servers);
    for (const { label, id, problem } of read) {
      expect(id).toMatch(/^mcp\/[a-z0-9][a-z0-9.-]{0,63}$/);
      const expected = problems[label];
      if (expected === undefined) expect(problem).toBeUndefined();
      else expect(problem).toContain(expected);
    }
    expect(config.warnings).toEqual(warnings.map((words) => expect.stringContaining(words)));
  });

  it('is of sixty servers and more', () => {
    expect(snippets.length).toBeGreaterThanOrEqual(60);
    expect(new Set(snippets.map(({ source }) => source)).size).toBe(snippets.length);
  });
});

describe('the configuration file of', () => {
  const environment = { HOME: '/home/me', AUTH_TOKEN: 'token' };

  it.each<[string, Record<string, object>]>([
    ['claude-desktop', { filesystem: { transport: 'stdio' }, weather: { transport: 'stdio', env: { RETRIES: '3' } } }],
    [
      'claude-code',
      {
        github: { transport: 'http', headers: { Authorization: 'Bearer none' } },
        asana: { transport: 'sse' },
        airtable: { transport: 'stdio', callTimeoutMs: 600_000 },
      },
    ],
    [
      'cursor',
      {
        'local-server': {
          command: expect.stringMatching(/\/hosts\/run\.sh$/),
          args: ['--project', 'hosts', '/home/me/data'],
          problem: 'its envFile could not be read',
        },
        remote: { transport: 'http', headers: { API_KEY: 'value' } },
      },
    ],
    [
      'vscode',
      { perplexity: { problem: expect.stringContaining('MCP_INPUT_PERPLEXITY_KEY') }, fetch: { transport: 'stdio' } },
    ],
    [
      'windsurf',
      {
        github: { tools: { exclude: ['delete_file'] } },
        'remote-http-mcp': { transport: 'http', headers: { API_KEY: 'Bearer token' } },
      },
    ],
    [
      'cline',
      { 'local-server': { transport: 'stdio' }, 'remote-server': { transport: 'http', callTimeoutMs: 120_000 } },
    ],
    [
      'zed',
      {
        'local-mcp-server': { command: 'some-command', args: ['arg-1', 'arg-2'] },
        older: { command: 'some-command', args: ['arg-1'], env: { A: '1' } },
        'remote-mcp-server': { transport: 'http' },
      },
    ],
    [
      'lm-studio',
      { 'hf-mcp-server': { transport: 'http' }, oracle_Stream: { id: 'mcp/oracle-stream', callTimeoutMs: 30_000 } },
    ],
    [
      'gemini-cli',
      {
        pythonTools: {
          args: ['-m', 'my_mcp_server', '--port', '8080'],
          tools: { include: ['safe_tool'], exclude: ['dangerous_tool'] },
        },
        httpServer: { transport: 'http', callTimeoutMs: 5_000 },
      },
    ],
  ])('%s is read as it was meant', async (name, servers) => {
    const config = await loadMcpJson(hostFile(name), environment);
    expect([...config.servers.keys()]).toEqual(Object.keys(servers));
    for (const [label, expected] of Object.entries(servers)) {
      expect(config.servers.get(label)).toMatchObject(expected);
      if (!('problem' in expected)) expect(config.servers.get(label)).not.toHaveProperty('problem');
    }
    expect(readFileSync(hostFile(name), 'utf8').length).toBeGreaterThan(100);
  });
});

describe('every entry of the corpus', () => {
  const everything = snippets
    .flatMap(({ text }) => {
      const config = JSON.parse(text) as Record<string, never>;
      const root = config.mcpServers ?? config.servers ?? config.context_servers;
      return root === undefined ? [] : Object.entries(root as Record<string, object>);
    })
    // Two labels of one id hold each other back.
    .filter(([label], index, all) => all.findIndex(([other]) => pluginId(other) === pluginId(label)) === index);

  it('is left as it is by an odd one beside it', () => {
    const odd: [string, unknown][] = [
      ['_comment', 'these are the servers'],
      ['empty', {}],
      ['text', 'npx -y server'],
      ['number', 7],
      ['none', null],
      ['list', []],
      ['both', { command: 'x', url: 'https://a.example' }],
      ['object argument', { command: 'x', args: [{ a: 1 }] }],
      ['narrowed', { command: 'x', toolPermissions: { deny: ['a'] } }],
      ['websocket', { type: 'ws', url: 'wss://a.example' }],
    ];
    const { servers, warnings } = parseMcpJson(
      JSON.stringify({ mcpServers: Object.fromEntries([...odd, ...everything]) }),
      {
        HOME: '/home/me',
      },
    );
    for (const [label] of odd.slice(1)) {
      expect(servers.get(label)).toMatchObject({ transport: 'unreadable', problem: expect.stringContaining(label) });
    }
    expect(servers.has('_comment')).toBe(false);
    for (const [label] of everything) expect(servers.get(label)?.transport).toMatch(/^(stdio|http|sse)$/);
    expect(warnings.join()).not.toContain('_comment');
  });

  it('loses what a list leaves out, in whatever notation it is written', () => {
    for (const [label, entry] of everything) {
      for (const [list, tools] of [
        [{ disabledTools: ['a'] }, { exclude: ['a'] }],
        [{ tools: { include: ['a'] } }, { include: ['a'] }],
      ] as const) {
        const { servers } = parseMcpJson(JSON.stringify({ mcpServers: { [label]: { ...entry, ...list } } }), {});
        expect(servers.get(label)).toMatchObject({ tools });
      }
      const held = parseMcpJson(JSON.stringify({ mcpServers: { [label]: { ...entry, readOnlyTools: ['a'] } } }), {});
      expect(held.servers.get(label)).toMatchObject({ transport: 'unreadable' });
    }
  });
});
