// An MCP server that reads and writes any file it is asked for: only the grant of a token limits it to one folder.

import { readFileSync, writeFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const server = new McpServer({ name: 'files', version: '1.0.0' });

server.registerTool(
  'read_file',
  { description: 'Read a file.', inputSchema: z.object({ path: z.string() }) },
  async ({ path }) => ({ content: [{ type: 'text', text: readFileSync(path, 'utf8').trim() }] }),
);

server.registerTool(
  'write_file',
  { description: 'Write a file.', inputSchema: z.object({ path: z.string(), text: z.string() }) },
  async ({ path, text }) => {
    writeFileSync(path, `${text}\n`);
    return { content: [{ type: 'text', text: 'Done.' }] };
  },
);

await server.connect(new StdioServerTransport());
