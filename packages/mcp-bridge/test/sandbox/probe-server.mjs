// An MCP server for the tests of the sandbox: its one tool runs what it is told, in this process, and says what came.
import { createInterface } from 'node:readline';

const answer = (id, result) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
const tools = [
  {
    name: 'run',
    inputSchema: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
  },
];

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') {
    answer(id, {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'probe', version: '1.0.0' },
    });
  } else if (method === 'tools/list') answer(id, { tools });
  else if (method === 'tools/call') {
    const run = new Function('load', `return (async () => { ${params.arguments.code} })();`);
    const text = await run((name) => import(name)).then(
      (value) => JSON.stringify(value ?? null),
      (error) => `failed: ${error.code ?? error.message}`,
    );
    answer(id, { content: [{ type: 'text', text }], isError: text.startsWith('failed: ') });
  }
});
process.stdin.on('end', () => process.exit(0));
