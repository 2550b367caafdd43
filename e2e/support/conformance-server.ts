// An MCP server over stdio with the tools that the server scenarios of @modelcontextprotocol/conformance call. It is
// behind Latchkey's /mcp when these scenarios run against that endpoint.

import { setTimeout as pass } from 'node:timers/promises';
import { Server, type ServerContext } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (words: string) => ({ type: 'text' as const, text: words });
const image = { type: 'image' as const, data: PIXEL, mimeType: 'image/png' };
const resource = (uri: string, mimeType: string, words: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: words },
});

/** The answer of each tool. */
const RESULTS = {
  test_simple_text: { content: [text('This is a simple text response for testing.')] },
  test_image_content: { content: [image] },
  test_audio_content: { content: [{ type: 'audio' as const, data: SILENCE, mimeType: 'audio/wav' }] },
  test_embedded_resource: {
    content: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  },
  test_multiple_content_types: {
    content: [
      text('Multiple content types test:'),
      image,
      resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  },
  test_error_handling: {
    content: [text('This tool intentionally returns an error for testing')],
    isError: true,
  },
  json_schema_2020_12_tool: { content: [text('It fits.')] },
  test_logging_tool: { content: [text('Nothing to log.')] },
};

const SCHEMA_OF_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object' as const,
  $defs: {
    address: {
      $anchor: 'address',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  allOf: [{ anyOf: [{ required: ['name'] }, { required: ['address'] }] }],
  if: { required: ['address'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['name'] },
  else: { properties: { address: false } },
  additionalProperties: false,
};

/** A slow tool with three steps, which reports its progress. */
async function work({ mcpReq }: ServerContext) {
  const progressToken = mcpReq._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progressToken !== undefined) {
      const params = { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` };
      await mcpReq.notify({ method: 'notifications/progress', params });
    }
    await pass(50);
  }
  return { content: [text('Done.')] };
}

/** A tool that sends its client a request before it answers. */
async function ask({ mcpReq }: ServerContext) {
  const params = { message: 'Who are you?', requestedSchema: { type: 'object', properties: {} } };
  const answer = await mcpReq.send({ method: 'elicitation/create', params }).then(
    () => 'answered',
    () => 'refused',
  );
  return { content: [text(`The question was ${answer}.`)] };
}

const RUNS = { test_tool_with_progress: work, test_streaming_elicitation: ask };

const server = new Server({ name: 'conformance', version: '1.0.0' }, { capabilities: { tools: {} } });
server.setRequestHandler('tools/list', async () => ({
  tools: Object.keys({ ...RESULTS, ...RUNS }).map((name) => ({
    name,
    description: `Answers what the scenario of ${name} expects.`,
    inputSchema: name === 'json_schema_2020_12_tool' ? SCHEMA_OF_2020_12 : { type: 'object' as const, properties: {} },
  })),
}));
server.setRequestHandler('tools/call', async ({ params: { name } }, context) => {
  const [, run] = Object.entries(RUNS).find(([known]) => known === name) ?? [];
  if (run !== undefined) return run(context);
  const [, result] = Object.entries(RESULTS).find(([known]) => known === name) ?? [];
  if (result === undefined) throw new Error(`There is no tool ${name}`);
  return result;
});
await server.connect(new StdioServerTransport());
