import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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

describe.runIf(fetches && chromium !== '')('a browser that a server drives', { timeout: 500_000 }, () => {
  verifies('sandbox.browser', async () => {
    using folder = createTemporaryFolder();
    const args = ['-y', '@playwright/mcp', '--headless', '--executable-path', chromium];
    const page = { url: 'data:text/html,<title>A page</title><h1>It was seen</h1>' };
    const { text } = await start(folder.path, { args }, 'browser_navigate', page);
    expect(text).toContain('A page');
    expect(text).not.toMatch(/^failed/);
  });
});
