// The client that @modelcontextprotocol/conformance puts through its client scenarios: a host of mcp-bridge, as the server
// uses it, with the scenario's server as the only one in its mcp.json. Its URL is the last argument.

import { createMcpHost, parseMcpJson } from '@latchkey/mcp-bridge';

/** What each scenario wants called; of all others the tools are listed. */
const CALLS: Readonly<Record<string, readonly [tool: string, args: object]>> = {
  tools_call: ['add_numbers', { a: 5, b: 3 }],
  'sse-retry': ['test_reconnection', {}],
  'elicitation-sep1034-client-defaults': ['test_client_elicitation_defaults', {}],
};

const url = process.argv.at(-1) ?? '';
const config = parseMcpJson(JSON.stringify({ mcpServers: { scenario: { url } } }), {});
await using host = createMcpHost({ config, limits: { startTimeoutMs: 10_000 } });
const signal = AbortSignal.timeout(20_000);
const toolset = await host.openToolset([{ server: 'mcp/scenario' }], () => ({ allowed: true }), signal);
const [tool, args] = CALLS[process.env.MCP_CONFORMANCE_SCENARIO ?? ''] ?? [];
if (tool !== undefined) {
  const outcome = await toolset.call(tool, args, { signal });
  if (outcome.type === 'failure') throw new Error(outcome.reason);
}
await toolset.close();
