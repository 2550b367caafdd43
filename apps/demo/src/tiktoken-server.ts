// An ordinary MCP server over stdio: two tools about one short text.

import { readFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const documentation = readFileSync(new URL('./tiktoken-documentation.md', import.meta.url), 'utf8').trim();
const server = new McpServer({ name: 'tiktoken', version: '1.0.0' });

server.registerTool(
  'fetch_tiktoken_documentation',
  { description: 'Fetch the documentation of tiktoken.', inputSchema: z.object({}) },
  async () => ({ content: [{ type: 'text', text: documentation }] }),
);

server.registerTool(
  'search_tiktoken_documentation',
  {
    description: 'Search the documentation of tiktoken.',
    inputSchema: z.object({ query: z.string().describe('words to look for') }),
  },
  async ({ query }) => {
    const found = documentation.split('\n').filter((line) => line.toLowerCase().includes(query.toLowerCase()));
    return { content: [{ type: 'text', text: found.length > 0 ? found.join('\n') : 'Nothing found.' }] };
  },
);

await server.connect(new StdioServerTransport());
