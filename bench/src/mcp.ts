import { createAuth, createMemoryTokenStore, type ToolRules } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { createMcpHost, type McpHost, parseMcpJson, type ToolGate } from '@latchkey/mcp-bridge';
import { scriptedServerPath } from '@latchkey/mcp-bridge/testing';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { measureMcpEndpoint } from './mcp-endpoint.ts';
import { median, type Row } from './table.ts';

const CALLS = 4_000;
const AT_ONCE = 32;
const ROUNDS = 5;
const SERVERS = 50;
/** As many as a grant may name one by one. */
const TOOLS = 500;
/** The tools of a server with many. */
const TOOLS_EACH = 1000;
const MANY_SERVERS = 4;

/** One call of a server's tool `echo`. */
type Call = () => Promise<unknown>;

/**
 * Calls through the bridge against calls through the SDK's client, to the same program over stdio, by turns in one run,
 * so that other load of the machine affects both. Also the cost of servers and tools that are not used.
 */
export async function measureMcp(): Promise<readonly Row[]> {
  await using bridged = await openBridge();
  await using bare = await openClient();
  const alone: Figures = { ours: [], baseline: [] };
  const together: Figures = { ours: [], baseline: [] };
  await perSecond(bridged.call);
  await perSecond(bare.call);
  for (let round = 0; round < ROUNDS; round += 1) {
    alone.ours.push(await medianLatency(bridged.call));
    alone.baseline.push(await medianLatency(bare.call));
    together.ours.push(await perSecond(bridged.call));
    together.baseline.push(await perSecond(bare.call));
  }
  return [
    row('µs for a call over stdio, median', alone, "the SDK's client"),
    row(`calls a second over stdio, ${AT_ONCE} at once`, together, "the SDK's client"),
    await measureMcpEndpoint(),
    await measureIdleServers(),
    await measureListing(),
    await measureDecisions(),
  ];
}

interface Figures {
  readonly ours: number[];
  readonly baseline: number[];
}

const row = (what: string, { ours, baseline }: Figures, against: string): Row => ({
  what,
  ours: median(ours),
  baseline: median(baseline),
  against,
});

async function medianLatency(call: Call): Promise<number> {
  const took: number[] = [];
  for (let count = 0; count < CALLS / 4; count += 1) {
    const started = performance.now();
    await call();
    took.push((performance.now() - started) * 1000);
  }
  return median(took);
}

async function perSecond(call: Call): Promise<number> {
  const started = performance.now();
  let left = CALLS;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (CALLS / (performance.now() - started)) * 1000;
}

interface OpenedCall extends AsyncDisposable {
  readonly call: Call;
}

/** With every step of a call: the decision about a token, the schema, the turn, the result. */
async function openBridge(): Promise<OpenedCall> {
  const host = hostOf({ echo: { command: process.execPath, args: [scriptedServerPath], sandbox: 'off' } });
  const gate = await gateOf({ 'mcp/echo': { tools: { echo: { arguments: { text: { maxLength: 100 } } } } } });
  const toolset = await host.openToolset([{ server: 'mcp/echo', allowedTools: ['echo'] }], gate, forever());
  const signal = forever();
  return {
    call: async () => {
      const outcome = await toolset.call('echo', { text: 'hello' }, { signal });
      if (outcome.type !== 'success') throw new Error(outcome.reason);
    },
    async [Symbol.asyncDispose]() {
      await toolset.close();
      await host[Symbol.asyncDispose]();
    },
  };
}

async function openClient(): Promise<OpenedCall> {
  const client = new Client({ name: 'bench', version: '0' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [scriptedServerPath] }));
  return {
    call: () => client.callTool({ name: 'echo', arguments: { text: 'hello' } }),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** The cost of a host with many servers, none of which was used yet. */
async function measureIdleServers(): Promise<Row> {
  const entry = { command: process.execPath, args: [scriptedServerPath] };
  const make = async (count: number): Promise<number> => {
    const started = performance.now();
    const host = hostOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`server-${index}`, entry])));
    const took = performance.now() - started;
    if (host.servers().some(({ state }) => state !== 'stopped')) throw new Error('a server was started');
    await host[Symbol.asyncDispose]();
    return took;
  };
  await make(1);
  return {
    what: `ms for a host of ${SERVERS} servers`,
    ours: await make(SERVERS),
    baseline: await make(1),
    against: 'of one',
  };
}

/** Lists the tools of several running servers, and decides which of them a token may call. */
async function measureListing(): Promise<Row> {
  const labels = Array.from({ length: MANY_SERVERS }, (_, index) => `many-${index}`);
  const entry = { command: process.execPath, args: [scriptedServerPath, 'many-tools'], sandbox: 'off' };
  await using host = hostOf(Object.fromEntries(labels.map((label) => [label, entry])));
  const gate = await gateOf({ '*': { tools: { 'tool*': {}, 'read_*': {}, list: {} } } });
  const list = async (count: number): Promise<number> => {
    const selections = labels.slice(0, count).map((label) => ({ server: `mcp/${label}` }));
    const started = performance.now();
    const { tools } = await host.openToolset(selections, gate, forever());
    if (tools.length !== count * TOOLS_EACH) throw new Error(`there are ${tools.length} tools`);
    return performance.now() - started;
  };
  await list(labels.length);
  const rounds = Array.from({ length: ROUNDS * 2 });
  const ours: number[] = [];
  const baseline: number[] = [];
  for (const _ of rounds) {
    ours.push(await list(labels.length));
    baseline.push(await list(1));
  }
  return row(`ms to list and decide ${MANY_SERVERS * TOOLS_EACH} tools`, { ours, baseline }, `${TOOLS_EACH} tools`);
}

/** Only the decisions, for a token with a rule for each tool and for one with a single rule. */
async function measureDecisions(): Promise<Row> {
  const names = Array.from({ length: TOOLS }, (_, index) => `tool_${index}`);
  const decide = async (rules: readonly string[]): Promise<number> => {
    const gate = await gateOf({ 'mcp/many': { tools: Object.fromEntries(rules.map((name) => [name, {}])) } });
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const started = performance.now();
      for (const tool of names) await gate({ server: 'mcp/many', tool }, { signal: forever() });
      took.push(performance.now() - started);
    }
    return median(took);
  };
  const ours = await decide(names);
  return {
    what: `ms to decide ${TOOLS} tools, a rule for each`,
    ours,
    baseline: await decide(['tool_*']),
    against: 'one rule',
  };
}

function hostOf(mcpServers: Record<string, object>): McpHost {
  return createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers }), {}) });
}

async function gateOf(mcp: ToolRules): Promise<ToolGate> {
  const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey: new Uint8Array(32).fill(7) });
  const { token } = await auth.issue({ name: 'bench', grant: { actions: ['chat'], mcp } }, auth.operator());
  const principal = await auth.verify(token);
  return ({ server, tool, arguments: args }) => {
    const wanted = {
      server,
      ...(tool === undefined ? {} : { name: tool }),
      ...(args === undefined ? {} : { arguments: args }),
    };
    const decision = auth.decide(principal, { action: 'chat', mcp: wanted });
    return decision.allowed ? { allowed: true } : { allowed: false, reason: 'not granted' };
  };
}

const forever = (): AbortSignal => new AbortController().signal;
