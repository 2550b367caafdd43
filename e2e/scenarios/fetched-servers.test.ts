import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createMcpHost, parseMcpJson } from '@latchkey/mcp-bridge';
import { describe, expect } from 'vitest';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { verifies } from '../support/verifies.ts';

const succeeds = (program: string, ...args: readonly string[]): boolean =>
  spawnSync(program, args, { timeout: 20_000, stdio: 'ignore' }).status === 0;
const fetches = succeeds('npm', 'ping');
const chromium = spawnSync('sh', ['-c', 'command -v chromium']).stdout.toString().trim();
const signal = (): AbortSignal => AbortSignal.timeout(240_000);

interface Started {
  readonly tools: readonly string[];
  readonly text: string;
}

/** Starts a server of npm in the sandbox `auto`, and calls one of its tools. */
async function start(folder: string, keys: object, tool: string, args: object): Promise<Started> {
  const cwd = join(folder, 'work');
  mkdirSync(cwd, { recursive: true });
  // A proxy with a certificate of its own, where there is one.
  const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
  const given = certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates };
  const { env = {}, ...entry } = keys as { env?: Record<string, string> };
  const mcpServers = { published: { command: 'npx', cwd, ...entry, env: { ...given, ...env } } };
  await using host = createMcpHost({
    config: parseMcpJson(JSON.stringify({ mcpServers }), {}),
    serverHomes: join(folder, 'homes'),
    limits: { startTimeoutMs: 200_000, callTimeoutMs: 60_000 },
  });
  const toolset = await host.openToolset([{ server: 'mcp/published' }], () => ({ allowed: true }), signal());
  const outcome = await toolset.call(tool, args, { signal: signal() });
  await toolset.close();
  const tools = toolset.tools.map(({ name }) => name);
  return { tools, text: outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}` };
}

describe.runIf(fetches)('a server that npx fetches', { timeout: 500_000 }, () => {
  verifies('sandbox.published', async () => {
    using folder = createTemporaryFolder();
    const memory = { args: ['-y', '@modelcontextprotocol/server-memory'] };
    const first = await start(folder.path, memory, 'read_graph', {});
    expect(JSON.parse(first.text)).toEqual({ entities: [], relations: [] });
    // What it has fetched is in the home that is kept for it.
    const offline = { ...memory, env: { npm_config_offline: 'true' } };
    expect(await start(folder.path, offline, 'read_graph', {})).toEqual(first);
  });
});

/**
 * What three servers ask the service that they are made for, on this machine: the address is in their entries, so the
 * port is open to them.
 */
const services: Readonly<Record<string, unknown>> = {
  '/chart': { success: true, resultObj: 'https://chart.example/red-fox.png' },
  '/notion/v1/users/me': { object: 'user', id: '1', name: 'Red fox' },
  '/context7/v2/libs/search': { results: [{ id: '/red/fox', title: 'Red fox', description: 'A library of foxes' }] },
};

async function serve(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    const answer = services[pathname];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { message: `nothing at ${pathname}` }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Servers of npm with a tool that needs no other machine and changes nothing outside of the server's own folder. */
const published: readonly (readonly [
  name: string,
  args: readonly string[],
  tool: string,
  given: object,
  says: RegExp,
  env?: Readonly<Record<string, string>>,
])[] = [
  ['@modelcontextprotocol/server-everything', [], 'echo', { message: 'red fox' }, /red fox/],
  ['@modelcontextprotocol/server-filesystem', ['WORK'], 'read_text_file', { path: 'WORK/a.js' }, /const a = 1/],
  [
    '@modelcontextprotocol/server-sequential-thinking',
    [],
    'sequentialthinking',
    { thought: 'one', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
    /"thoughtNumber": ?1/,
  ],
  ['@eslint/mcp', [], 'lint-files', { filePaths: ['WORK/a.js'] }, /a\.js/],
  ['@cyanheads/git-mcp-server', [], 'git_init', { path: 'WORK/repository' }, /repository/],
  ['@drawio/mcp', [], 'list_pages', { path: 'WORK/a.drawio' }, /Page-1/],
  [
    '@upstash/context7-mcp',
    [],
    'resolve-library-id',
    { query: 'foxes', libraryName: 'fox' },
    /Red fox/,
    { CONTEXT7_API_URL: 'SERVICE/context7' },
  ],
  [
    '@notionhq/notion-mcp-server',
    [],
    'API-get-self',
    {},
    /Red fox/,
    { NOTION_TOKEN: 'ntn_none', BASE_URL: 'SERVICE/notion' },
  ],
  [
    '@antv/mcp-server-chart',
    [],
    'generate_pie_chart',
    { data: [{ category: 'fox', value: 1 }] },
    /chart\.example\/red-fox/,
    { VIS_REQUEST_SERVER: 'SERVICE/chart' },
  ],
];

describe.runIf(fetches)('a tool of a published server', { timeout: 900_000 }, () => {
  verifies('sandbox.published-tools', async () => {
    using folder = createTemporaryFolder();
    const work = join(folder.path, 'work');
    mkdirSync(work);
    writeFileSync(join(work, 'a.js'), 'const a = 1;\n');
    writeFileSync(join(work, 'eslint.config.js'), 'module.exports = [{ rules: { "no-unused-vars": "error" } }];\n');
    const page = '<diagram name="Page-1"><mxGraphModel><root><mxCell id="0"/></root></mxGraphModel></diagram>';
    writeFileSync(join(work, 'a.drawio'), `<mxfile>${page}</mxfile>`);
    await using service = await serve();
    const inWork = <T>(value: T): T =>
      JSON.parse(JSON.stringify(value).replaceAll('WORK', work).replaceAll('SERVICE', service.url));
    for (const [name, args, tool, given, says, env = {}] of published) {
      const keys = { args: ['-y', name, ...inWork(args)], env: inWork(env) };
      const { text } = await start(folder.path, keys, tool, inWork(given));
      expect(text, name).toMatch(says);
      expect(text, name).not.toMatch(/^failed/);
    }
  });
});

describe.runIf(fetches && chromium !== '')('a browser that a server drives', { timeout: 500_000 }, () => {
  verifies('sandbox.browser', async () => {
    using folder = createTemporaryFolder();
    const args = ['-y', '@playwright/mcp', '--headless', '--executable-path', chromium];
    const page = { url: 'data:text/html,<title>A page</title><h1>It was seen</h1>' };
    const { text } = await start(folder.path, { args }, 'browser_navigate', page);
    expect(text).toContain('A page');
    expect(text).not.toMatch(/^failed/);
    const devtools = [
      '-y',
      'chrome-devtools-mcp',
      '--headless',
      '--executablePath',
      chromium,
      '--chromeArg=--no-sandbox',
    ];
    const opened = await start(folder.path, { args: devtools }, 'new_page', page);
    expect(opened.text).toMatch(/data:text\/html/);
  });
});
