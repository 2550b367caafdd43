// An MCP server over stdio that records each call before it answers, as a line of JSON in the file of its argument.

import { appendFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const [, , file = ''] = process.argv;
const record = (tool: string, args: unknown): void => appendFileSync(file, `${JSON.stringify({ tool, args })}\n`);
const say = (text: string) => ({ content: [{ type: 'text' as const, text }] });

const server = new McpServer({ name: 'recording', version: '1.0.0' });
server.registerTool(
  'echo',
  {
    description: 'Echoes back the input string',
    inputSchema: z.object({ message: z.string().describe('Message to echo') }),
  },
  async ({ message }) => {
    record('echo', { message });
    return say(`Echo: ${message}`);
  },
);
server.registerTool('fetch_note', { description: 'Fetch the note.', inputSchema: z.object({}) }, async () => {
  record('fetch_note', {});
  return say('The herring is red.');
});
await server.connect(new StdioServerTransport());
