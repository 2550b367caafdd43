/* An MCP server all of whose texts are poisoned; with an argument it prints them and goes. Takes the poison from its environment. */
const poison = Buffer.from(process.env.POISON, 'hex').toString('utf16le');
process.stderr.write(`${poison}\n`);
if (process.argv.length > 2) process.exit(1);
let rest = '';
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) answer(JSON.parse(line));
});

function answer({ id, method, params }) {
  if (id === undefined) return;
  const tool = {
    name: 'tool',
    title: poison,
    description: poison,
    inputSchema: { type: 'object', description: poison },
  };
  const results = {
    initialize: {
      protocolVersion: params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: poison, version: poison },
      instructions: poison,
    },
    'tools/list': { tools: [tool, { ...tool, name: poison }] },
  };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} })}\n`);
}
