/*
 * How long published servers take to start and to list their tools, in a sandbox and without, by turns: `node
 * bench/src/published.ts [label,…]`. Each is fetched once before the measurement. FORMER is the path of another
 * version's `packages/mcp-bridge/src/index.ts`; its sandbox is then measured as well. The `node` and `npx` of the PATH
 * must not be in /tmp: a sandbox has its own /tmp, so it would run another version.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as present from '@latchkey/mcp-bridge';
import { median } from './table.ts';

const ROUNDS = 7;
const former = process.env.FORMER === undefined ? undefined : ((await import(process.env.FORMER)) as typeof present);

type Mode = 'auto' | 'off' | 'former';
const MODES: readonly Mode[] = former === undefined ? ['auto', 'off'] : ['auto', 'off', 'former'];
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';
const root = mkdtempSync(join(tmpdir(), 'published-'));
const documents = join(root, 'documents');
for (const folder of [documents, join(root, 'home')]) mkdirSync(folder);

/** Packages with their arguments. */
const servers: Readonly<Record<string, readonly string[]>> = {
  everything: ['@modelcontextprotocol/server-everything'],
  filesystem: ['@modelcontextprotocol/server-filesystem', documents],
  memory: ['@modelcontextprotocol/server-memory'],
  thinking: ['@modelcontextprotocol/server-sequential-thinking'],
  playwright: ['@playwright/mcp', '--headless', '--executable-path', browser],
  devtools: ['chrome-devtools-mcp', '--headless', '--executablePath', browser],
  context7: ['@upstash/context7-mcp'],
  eslint: ['@eslint/mcp'],
  notion: ['@notionhq/notion-mcp-server'],
  chart: ['@antv/mcp-server-chart'],
  git: ['@cyanheads/git-mcp-server'],
  drawio: ['@drawio/mcp'],
};

/** Milliseconds until the tools of a server are listed, and the number of tools. */
async function start(label: string, mode: Mode): Promise<{ took: number; tools: number }> {
  const { createMcpHost, parseMcpJson } = mode === 'former' ? (former ?? present) : present;
  const sandbox = mode === 'off' ? 'off' : 'auto';
  const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
  const env = {
    ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
    // In the current sandbox, it has its own home.
    ...(mode !== 'auto' ? { HOME: join(root, 'home') } : {}),
    ...(label === 'notion' ? { NOTION_TOKEN: 'ntn_none' } : {}),
  };
  const entry = { command: 'npx', args: ['-y', ...(servers[label] ?? [])], env, cwd: documents, sandbox };
  await using host = createMcpHost({
    config: parseMcpJson(JSON.stringify({ mcpServers: { [label]: entry } }), {}),
    serverHomes: join(root, 'homes'),
    limits: { startTimeoutMs: 300_000 },
  });
  // A host determines once what works here, before its first server.
  while (host.servers()[0]?.sandbox === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  const before = performance.now();
  const signal = AbortSignal.timeout(300_000);
  const toolset = await host.openToolset([{ server: `mcp/${label}` }], () => ({ allowed: true }), signal);
  const took = performance.now() - before;
  await toolset.close();
  return { took, tools: toolset.tools.length };
}

for (const label of process.argv[2]?.split(',') ?? Object.keys(servers)) {
  const took: Record<Mode, number[]> = { auto: [], off: [], former: [] };
  let tools = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const mode of MODES) {
      const started = await start(label, mode);
      tools = started.tools;
      if (round > 0) took[mode].push(started.took);
    }
  }
  const auto = median(took.auto);
  const others = MODES.slice(1).map(
    (mode) => `${mode} ${median(took[mode]).toFixed(0)} ms (${(auto / median(took[mode])).toFixed(2)})`,
  );
  console.log(`${label}: ${tools} tools, ${auto.toFixed(0)} ms in a sandbox; ${others.join(', ')}`);
}
rmSync(root, { recursive: true, force: true });
