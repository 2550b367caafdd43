// The client that @modelcontextprotocol/conformance tests in its client scenarios: a host of mcp-bridge, as the server
// uses it, with the scenario's server as the only one in its mcp.json. That server's URL is the last argument.

import { createMcpHost, parseMcpJson, type Toolset } from '@latchkey/mcp-bridge';

type Call = readonly [tool: string, args: Readonly<Record<string, unknown>>];

/** Values that a header cannot hold unchanged, and some that it can. */
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

/** The calls that each scenario expects; in all other scenarios the tools are only listed. */
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

/** The values for which the schema has a property. */
function pick(values: object, schema: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const known = Object.keys(schema.properties ?? {});
  return Object.fromEntries(Object.entries(values).filter(([name]) => known.includes(name)));
}

const url = process.argv.at(-1) ?? '';
const config = parseMcpJson(JSON.stringify({ mcpServers: { scenario: { url } } }), {});
await using host = createMcpHost({ config, limits: { startTimeoutMs: 10_000 } });
// Requests of the server to the client are not received, so the server waits for an answer.
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const signal = AbortSignal.timeout(scenario.startsWith('elicitation') ? 5000 : 20_000);
const toolset = await host.openToolset([{ server: 'mcp/scenario' }], () => ({ allowed: true }), signal);
for (const [tool, args] of CALLS[scenario]?.(toolset) ?? []) {
  const outcome = await toolset.call(tool, args, { signal });
  if (outcome.type === 'failure') throw new Error(`${tool}: ${outcome.reason}`);
}
await toolset.close();
