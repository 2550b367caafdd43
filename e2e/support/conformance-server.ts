// An MCP server over stdio with the tools that the server scenarios of @modelcontextprotocol/conformance call. It is
// what stands behind Latchkey's /mcp when that is put through them.

import { Server } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (words: string) => ({ type: 'text' as const, text: words });
const image = { type: 'image' as const, data: PIXEL, mimeType: 'image/png' };
const resource = (uri: string, mimeType: string, words: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: words },
});

/** What each tool answers. */
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
};

const SCHEMA_OF_2020_12 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object' as const,
  $defs: {
    address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
  },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  additionalProperties: false,
};

const server = new Server({ name: 'conformance', version: '1.0.0' }, { capabilities: { tools: {} } });
server.setRequestHandler('tools/list', async () => ({
  tools: Object.keys(RESULTS).map((name) => ({
    name,
    description: `Answers what the scenario of ${name} expects.`,
    inputSchema: name === 'json_schema_2020_12_tool' ? SCHEMA_OF_2020_12 : { type: 'object' as const, properties: {} },
  })),
}));
server.setRequestHandler('tools/call', async ({ params: { name } }) => {
  const [, result] = Object.entries(RESULTS).find(([known]) => known === name) ?? [];
  if (result === undefined) throw new Error(`There is no tool ${name}`);
  return result;
});
await server.connect(new StdioServerTransport());
