/*
 * Runs the hostile server in one layout after another, as the user of this process, and prints what it could access: a
 * line of JSON for each layout and sandbox.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createMcpHost, type McpHost, parseMcpJson } from '@latchkey/mcp-bridge';
import { createLayout, type Layout, layoutNames } from './layouts.ts';

const [root = '', doors = '', program = process.execPath] = process.argv.slice(2);
const signal = AbortSignal.timeout(120_000);

const contents = ({ secrets, programs, mcpJson }: Layout): string =>
  JSON.stringify(
    [...secrets, ...programs, mcpJson].map((path) => [path, existsSync(path) ? readFileSync(path, 'utf8') : 'gone']),
  );

interface Listener extends AsyncDisposable {
  readonly port: number;
}

async function listen(where: string | { host: string; port: number }): Promise<Listener> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve));
  const { port = 0 } = (server.address() ?? {}) as Partial<AddressInfo>;
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** All addresses, of both families, at which a port of this machine may be reached that listens on all of them. */
function waysTo(port: number): readonly { readonly host: string; readonly port: number }[] {
  const own = Object.entries(networkInterfaces()).flatMap(([name, list = []]) =>
    list.map(({ address }) => (address.startsWith('fe80') ? `${address}%${name}` : address)),
  );
  const names = ['localhost', '0.0.0.0', '::', '127.0.0.2', '::ffff:127.0.0.1', '169.254.169.254', 'fe80::1'];
  return [...new Set([...own, ...names, gateway()])].map((host) => ({ host, port }));
}

/** The gateway address, which leads to the machine itself in networks of containers. */
function gateway(): string {
  const [, digits = '0100007F'] = /^\S+\t00000000\t([0-9A-F]{8})/m.exec(readFileSync('/proc/net/route', 'utf8')) ?? [];
  return [...Buffer.from(digits, 'hex')].reverse().join('.');
}

const isHeard = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

async function freePort(): Promise<number> {
  await using listener = await listen({ host: '127.0.0.1', port: 0 });
  return listener.port;
}

/** The layers of the hostile server, once the host has determined what works here. */
async function layersOf(host: McpHost): Promise<readonly string[]> {
  for (;;) {
    const { sandbox } = host.servers().find(({ id }) => id === 'mcp/hostile') ?? {};
    if (sandbox !== undefined) return sandbox.layers;
    await setTimeout(20, undefined, { signal });
  }
}

/** Starts the server and expects that the host refuses. */
async function expectRefusal(host: McpHost): Promise<void> {
  const opening = host.openToolset([{ server: 'mcp/hostile' }], () => ({ allowed: true }), signal);
  const reason = await opening.then(
    () => 'it started',
    (error: Error) => error.message,
  );
  if (!reason.includes('its sandbox is missing')) throw new Error(reason);
}

/** What one sandbox let through. */
interface Found {
  readonly hasOwnNetwork: boolean;
  readonly opened: readonly string[];
}

async function runLayout(layout: Layout, sandbox: unknown): Promise<Found> {
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
  const abstract = `\0kit-${process.pid}`;
  await using _socket = await listen(inTemporary);
  await using _abstract = await listen(abstract);
  await using everywhere = await listen({ host: '::', port: 0 });
  const squatted = await freePort();
  await using host = createMcpHost({
    config,
    environment: { HOME: home, PATH: process.env.PATH ?? '' },
    hiddenFromServers: [data, mcpJson, join(home, '.latchkey')],
    serverHomes: join(data, 'mcp-homes'),
    limits: { callTimeoutMs: 60_000 },
  });
  const hasOwnNetwork = (await layersOf(host)).includes('own network');
  if (sandbox === 'required' && !hasOwnNetwork) {
    await expectRefusal(host);
    return { hasOwnNetwork, opened: ['required asks for a network of its own, and does not start'] };
  }
  const toolset = await host.openToolset([{ server: 'mcp/hostile' }], () => ({ allowed: true }), signal);
  const ask = async (reads: readonly string[], writes: readonly string[], ways = waysTo(everywhere.port)) => {
    const sockets = hasOwnNetwork ? [inTemporary, abstract] : [inTemporary];
    const addresses = hasOwnNetwork ? ways : [];
    const squats = hasOwnNetwork ? [squatted] : [];
    const args = { reads, writes, sockets, addresses, squats, processes: [process.pid, process.ppid], marks };
    const outcome = await toolset.call('try', args, { signal });
    if (outcome.type === 'failure') throw new Error(outcome.reason);
    return JSON.parse(outcome.text) as readonly string[];
  };
  const before = contents(layout);
  const found = new Set(await ask(secrets, [...secrets, ...programs, mcpJson]));
  if (hasOwnNetwork && (await isHeard(squatted))) found.add('listens on this machine');
  if (contents(layout) !== before) found.add(`changed: ${before} is ${contents(layout)}`);
  // As an editor, git and `latchkey mcp add` replace it.
  writeFileSync(`${mcpJsonFile}.new`, 'CANARY replaced\n');
  renameSync(`${mcpJsonFile}.new`, mcpJsonFile);
  const replaced = contents(layout);
  for (const door of await ask([mcpJsonFile, mcpJson], [mcpJsonFile, mcpJson], []))
    found.add(`after a replacement: ${door}`);
  if (contents(layout) !== replaced) found.add('changed after a replacement');
  for (const mark of marks) if (existsSync(mark)) found.add(`left ${mark}`);
  await toolset.close();
  await host[Symbol.asyncDispose]();
  for (const name of readdirSync(own).filter((file) => file.startsWith('loader'))) {
    if (/transferring control: \S*(?:bwrap|prlimit)/.test(readFileSync(join(own, name), 'utf8')))
      found.add(`loader of a wall: ${name}`);
  }
  return { hasOwnNetwork, opened: [...found] };
}

const closed = { read: [doors], write: ['OWN'], network: true };
const sandboxes = { auto: undefined, required: 'required', closed };
for (const name of layoutNames) {
  for (const [mode, sandbox] of Object.entries(sandboxes)) {
    const base = mkdtempSync(join(root, `${name}-`));
    const layout = createLayout(name, base);
    const own = JSON.parse(JSON.stringify(sandbox ?? 'auto').replace('OWN', layout.own));
    const found = await runLayout(layout, own).catch((error: Error) => ({
      hasOwnNetwork: false,
      opened: [`failed: ${error.message} ${(error as { detail?: string }).detail}`],
    }));
    process.stdout.write(`${JSON.stringify({ layout: name, sandbox: mode, ...found })}\n`);
    rmSync(base, { recursive: true, force: true });
  }
}
