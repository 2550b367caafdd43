/*
 * Lets the hostile server connect to everything around the machine of machine.sh, with one name server after another,
 * and prints what answered: a line of JSON for each.
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createMcpHost, parseMcpJson } from '@latchkey/mcp-bridge';

const [root = '', doors = '', resolverFile = ''] = process.argv.slice(2);
const signal = AbortSignal.timeout(60_000);

createServer((socket) => socket.destroy()).listen(8080, '0.0.0.0');
const local = fork(join(import.meta.dirname, 'outside.mjs'), ['127.0.0.53'], { stdio: 'ignore' });
process.once('exit', () => local.kill());
const addresses = [
  { host: 'some.example', port: 80 },
  { host: '10.77.0.1', port: 80 },
  { host: '169.254.169.254', port: 80 },
  { host: '100.100.100.200', port: 80 },
  { host: '10.77.0.2', port: 8080 },
  { host: '172.17.0.1', port: 8080 },
  { host: '127.0.0.1', port: 8080 },
];

async function ask(entry: object): Promise<readonly string[]> {
  const own = mkdtempSync(join(root, 'own-'));
  const mcpServers = { hostile: { command: process.execPath, args: [doors, own], ...entry } };
  await using host = createMcpHost({ config: parseMcpJson(JSON.stringify({ mcpServers }), {}) });
  const toolset = await host.openToolset([{ server: 'mcp/hostile' }], () => ({ allowed: true }), signal);
  const none = { reads: [], writes: [], sockets: [], datagrams: [], squats: [], processes: [], marks: [] };
  const outcome = await toolset.call('try', { ...none, addresses }, { signal });
  await toolset.close();
  rmSync(own, { recursive: true });
  if (outcome.type === 'failure') throw new Error(outcome.reason);
  return (JSON.parse(outcome.text) as { readonly opened: readonly string[] }).opened;
}

const entries = { auto: {}, named: { env: { SERVICE: 'http://localhost:8080' } } };
const nameServers = ['10.77.0.1', '127.0.0.53'];
const tell = async (nameServer: string, sandbox: string, entry: object): Promise<void> => {
  const opened = (await ask(entry)).filter((door) => door.includes(' port ')).toSorted();
  process.stdout.write(`${JSON.stringify({ nameServer, sandbox, opened })}\n`);
};
for (const nameServer of nameServers) {
  writeFileSync(resolverFile, `nameserver ${nameServer}\n`);
  for (const [sandbox, entry] of Object.entries(entries)) await tell(nameServer, sandbox, entry);
}
// Without a sandbox, for comparison. It comes last, because this server changes what it can.
await tell('127.0.0.53', 'off', { sandbox: 'off' });
process.exit();
