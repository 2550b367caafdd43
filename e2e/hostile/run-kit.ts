/*
 * Runs the hostile server in one layout after another, as the user that this process has, and prints what opened: a line of
 * JSON for each layout and sandbox.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createMcpHost, parseMcpJson } from '@latchkey/mcp-bridge';
import { createLayout, type Layout, layoutNames } from './layouts.ts';

const [root = '', doors = '', program = process.execPath] = process.argv.slice(2);
const signal = AbortSignal.timeout(120_000);

const contents = ({ secrets, programs, mcpJson }: Layout): string =>
  JSON.stringify(
    [...secrets, ...programs, mcpJson].map((path) => [path, existsSync(path) ? readFileSync(path, 'utf8') : 'gone']),
  );

async function listen(path: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  return { [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function runLayout(layout: Layout, sandbox: unknown): Promise<readonly string[]> {
  const { home, data, mcpJson, own, secrets, programs, mcpJsonFile } = layout;
  const loader = { LD_DEBUG: 'files', LD_DEBUG_OUTPUT: join(own, 'loader'), KUBECONFIG: join(home, '.kube/config') };
  const entry = { command: program, args: [doors, own], cwd: own, env: loader, sandbox };
  const off = { command: program, args: [programs[0]], sandbox: 'off' };
  const other = { command: program, args: [programs[1]] };
  const config = parseMcpJson(JSON.stringify({ mcpServers: { hostile: entry, neighbour: off, other } }), {});
  const inTemporary = `/tmp/kit-${process.pid}.socket`;
  const marks = [
    '/tmp',
    '/var/tmp',
    '/dev/shm',
    '/run',
    '/etc/cron.d',
    '/var/spool/cron',
    home,
    join(home, '.config/new'),
  ].map((folder) => join(folder, `kit-mark-${process.pid}`));
  await using socket = await listen(inTemporary);
  await using host = createMcpHost({
    config,
    environment: { HOME: home, PATH: process.env.PATH ?? '' },
    hiddenFromServers: [data, mcpJson, join(home, '.latchkey')],
    serverHomes: join(data, 'mcp-homes'),
    limits: { callTimeoutMs: 60_000 },
  });
  void socket;
  const toolset = await host.openToolset([{ server: 'mcp/hostile' }], () => ({ allowed: true }), signal);
  const ask = async (reads: readonly string[], writes: readonly string[]): Promise<readonly string[]> => {
    const args = { reads, writes, sockets: [inTemporary], ports: [], processes: [process.pid, process.ppid], marks };
    const outcome = await toolset.call('try', args, { signal });
    if (outcome.type === 'failure') throw new Error(outcome.reason);
    return JSON.parse(outcome.text) as readonly string[];
  };
  const before = contents(layout);
  const found = new Set(await ask(secrets, [...secrets, ...programs, mcpJson]));
  if (contents(layout) !== before) found.add(`changed: ${before} is ${contents(layout)}`);
  // As an editor, git and `latchkey mcp add` do it.
  writeFileSync(`${mcpJsonFile}.new`, 'CANARY replaced\n');
  renameSync(`${mcpJsonFile}.new`, mcpJsonFile);
  const replaced = contents(layout);
  for (const door of await ask([mcpJsonFile, mcpJson], [mcpJsonFile, mcpJson]))
    found.add(`after a replacement: ${door}`);
  if (contents(layout) !== replaced) found.add('changed after a replacement');
  for (const mark of marks) if (existsSync(mark)) found.add(`left ${mark}`);
  await toolset.close();
  await host[Symbol.asyncDispose]();
  for (const name of readdirSync(own).filter((file) => file.startsWith('loader'))) {
    if (/transferring control: \S*(?:bwrap|prlimit)/.test(readFileSync(join(own, name), 'utf8')))
      found.add(`loader of a wall: ${name}`);
  }
  return [...found];
}

const sandboxes = { auto: undefined, required: 'required', closed: { read: [doors], write: ['OWN'] } };
for (const name of layoutNames) {
  for (const [mode, sandbox] of Object.entries(sandboxes)) {
    const base = mkdtempSync(join(root, `${name}-`));
    const layout = createLayout(name, base);
    const own = JSON.parse(JSON.stringify(sandbox ?? 'auto').replace('OWN', layout.own));
    const opened = await runLayout(layout, own).catch((error: Error) => [
      `failed: ${error.message} ${(error as { detail?: string }).detail}`,
    ]);
    process.stdout.write(`${JSON.stringify({ layout: name, sandbox: mode, opened })}\n`);
    rmSync(base, { recursive: true, force: true });
  }
}
