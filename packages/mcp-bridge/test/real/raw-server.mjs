// A server on standard input and output, by hand: its answers are those of a few lines of code given as an argument.
import { createInterface } from 'node:readline';
import { runInThisContext } from 'node:vm';

const {
  write = (text) => process.stdout.write(text),
  change = (answer) => answer,
  after = () => {},
} = runInThisContext(`(${process.argv[2] ?? '{}'})`);
const results = {
  initialize: {
    protocolVersion: '2025-06-18',
    capabilities: { tools: {} },
    serverInfo: { name: 'raw', version: '1' },
  },
  'tools/list': { tools: [{ name: 'act', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: String(process.pid) }] },
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (id === undefined) return;
    const result = results[method];
    const error = { code: -32601, message: 'Method not found' };
    const answer = { jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) };
    write(`${JSON.stringify(change(answer, method))}\n`, method);
    after(method);
  })
  .on('close', () => process.exit(0));
