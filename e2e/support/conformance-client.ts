// The client that @modelcontextprotocol/conformance puts through its client scenarios: a host of mcp-bridge, as the server
// uses it, with the scenario's server as the only one in its mcp.json. Its URL is the last argument.

import { createMcpHost, parseMcpJson, type Toolset } from '@latchkey/mcp-bridge';

type Call = readonly [tool: string, args: Readonly<Record<string, unknown>>];

/** Values that a header can't hold as they are, beside some that it can. */
const MIRRORED = {
  region: 'us-west1',
  priority: 42,
  verbose: true,
  query: 'SELECT 1',
  debug: false,
  empty_val: '',
  float_val: 2.5,
  non_ascii_val: 'Hello, 世界',
  whitespace_val: ' padded ',
  leading_space_val: ' us-west1',
  trailing_space_val: 'us-west1 ',
  internal_space_val: 'us west 1',
  control_char_val: 'line1\nline2',
  crlf_val: 'line1\r\nline2',
  tab_val: '\tindented',
};

/** What each scenario wants called; of all others the tools are listed. */
const CALLS: Readonly<Record<string, (toolset: Toolset) => readonly Call[]>> = {
  tools_call: () => [['add_numbers', { a: 5, b: 3 }]],
  'sse-retry': () => [['test_reconnection', {}]],
  'elicitation-sep1034-client-defaults': () => [['test_client_elicitation_defaults', {}]],
  'http-custom-headers': ({ tools }) => [
    ['test_custom_headers', pick(MIRRORED, tools.find(({ tool }) => tool === 'test_custom_headers')?.inputSchema)],
    ['test_custom_headers_null', { region: 'us-east1', priority: 1, query: 'SELECT 1' }],
  ],
  'http-invalid-tool-headers': ({ tools }) => tools.map(({ name }) => [name, { region: 'us-west1' }]),
  'http-standard-headers': ({ tools }) => tools.map(({ name }) => [name, {}]),
  'json-schema-2020-12-preservation': ({ tools }) => {
    const shown = tools.find(({ tool }) => tool === 'json_schema_2020_12_tool');
    return [['json_schema_echo', { schema: { $schema: shown?.dialect, ...shown?.inputSchema } }]];
  },
};

/** Those of the values that the schema has a property for. */
function pick(values: object, schema: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const known = Object.keys(schema.properties ?? {});
  return Object.fromEntries(Object.entries(values).filter(([name]) => known.includes(name)));
}

const url = process.argv.at(-1) ?? '';
const config = parseMcpJson(JSON.stringify({ mcpServers: { scenario: { url } } }), {});
await using host = createMcpHost({ config, limits: { startTimeoutMs: 10_000 } });
// What a server asks a client is not heard, so it waits for its answer.
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const signal = AbortSignal.timeout(scenario.startsWith('elicitation') ? 5000 : 20_000);
const toolset = await host.openToolset([{ server: 'mcp/scenario' }], () => ({ allowed: true }), signal);
for (const [tool, args] of CALLS[scenario]?.(toolset) ?? []) {
  const outcome = await toolset.call(tool, args, { signal });
  if (outcome.type === 'failure') throw new Error(`${tool}: ${outcome.reason}`);
}
await toolset.close();
