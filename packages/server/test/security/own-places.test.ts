import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeSandbox } from '@latchkey/mcp-bridge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createServer, defineConfig, type Server } from '../../src/index.ts';
import { backUp } from '../../src/state/backup.ts';

const probe = fileURLToPath(new URL('../../../mcp-bridge/test/sandbox/probe-server.mjs', import.meta.url));
const works = (await describeSandbox(process.env))?.layers.includes('bubblewrap') === true;

/** Not in the folder of temporary files, of which each MCP server has its own. */
function createFolder(): string {
  const folder = mkdtempSync(join(userInfo().homedir, '.latchkey-own-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A server with one MCP server, which writes the folder `own` and sees what its script lies in. */
async function startServer(
  folder: string,
  { logFile, credentials = 'credentials' }: { readonly logFile?: string; readonly credentials?: string } = {},
): Promise<Server> {
  const [data, own, shown] = ['data', 'own', 'shown'].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [data, own, shown]) mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(shown, 'run.mjs'), readFileSync(probe));
  const mcpServers = { probe: { command: process.execPath, args: [join(shown, 'run.mjs'), own] } };
  const mcp = join(data, 'mcp.json');
  writeFileSync(mcp, JSON.stringify({ mcpServers }), { mode: 0o600 });
  const places = {
    data,
    mcp,
    models: folder,
    port: 0,
    log: 'silent',
    ...(logFile === undefined ? {} : { logFile }),
  } as const;
  return createServer(defineConfig(places), {
    environment: { HOME: folder, PATH: process.env.PATH ?? '', LATCHKEY_CREDENTIALS: join(folder, credentials) },
  });
}

async function run(server: Server, folder: string, code: string): Promise<string> {
  const token = readFileSync(join(folder, 'data/admin-token'), 'utf8').trim();
  const params = { name: 'run', arguments: { code: `const fs = await load('node:fs/promises'); ${code}` } };
  const response = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
  const text = await response.text();
  const { result } = JSON.parse(text.replace(/^[^{]*/, '')) as { result?: { content: { text: string }[] } };
  return result?.content[0]?.text ?? text;
}

describe.runIf(works)('an MCP server', () => {
  it('leads the log, whose path is a link in its folder, into no other file', async () => {
    const folder = createFolder();
    const logFile = join(folder, 'own/log/latchkey.log');
    for (const name of ['own/log', 'logs']) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'logs/latchkey.log'), '');
    symlinkSync('../../logs/latchkey.log', logFile);
    await using server = await startServer(folder, { logFile });
    const lead = `
      await fs.rm('${logFile}', { force: true }).catch(() => {});
      await fs.rename('${dirname(logFile)}', '${dirname(logFile)}.moved').catch(() => {});
      await fs.mkdir('${dirname(logFile)}', { recursive: true }).catch(() => {});
      await fs.symlink('../elsewhere', '${logFile}');`;
    expect(await run(server, folder, lead)).toMatch(/^failed: E/);
    expect(readlinkSync(logFile)).toBe('../../logs/latchkey.log');
    expect(await run(server, folder, `await fs.writeFile('${folder}/own/new', '');`)).toBe('null');
  });

  it('reads no keys of known servers, wherever the profiles lie', async () => {
    const folder = createFolder();
    mkdirSync(join(folder, 'shown'));
    for (const name of ['credentials', 'known-servers.json', 'readme'])
      writeFileSync(join(folder, 'shown', name), name, { mode: 0o600 });
    await using server = await startServer(folder, { credentials: 'shown/credentials' });
    const read = (name: string) => `return await fs.readFile('${folder}/shown/${name}', 'utf8');`;
    expect(await run(server, folder, read('readme'))).toBe('"readme"');
    for (const name of ['credentials', 'known-servers.json'])
      expect(await run(server, folder, read(name))).toBe('failed: ENOENT');
  });

  it('reads no backup: not one of before its start, nor one that is made while it runs', async () => {
    const folder = createFolder();
    const data = join(folder, 'data');
    const look = (name: string) => `return await fs.readFile('${folder}/shown/${name}/secret.key', 'utf8');`;
    {
      await using server = await startServer(folder);
      expect(await run(server, folder, look('first'))).toBe('failed: ENOENT');
      backUp(data, join(folder, 'shown/first'), undefined);
      await expect.poll(() => run(server, folder, look('first'))).toBe('failed: ENOENT');
      backUp(data, join(folder, 'shown/second'), undefined);
      // Its next start does not see the folder, so that none is there to be read.
      const list = `return (await fs.readdir('${folder}/shown/second')).join();`;
      await expect.poll(() => run(server, folder, list), { timeout: 10_000 }).toBe('""');
    }
    await using server = await startServer(folder);
    for (const name of ['first', 'second']) expect(await run(server, folder, look(name))).toBe('failed: ENOENT');
  });
});
