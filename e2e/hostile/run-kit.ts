/*
 * Runs the hostile server in one layout after another, as the user of this process, and prints what it could access: a
 * line of JSON for each layout and sandbox. A fourth argument, e.g. `below/auto`, runs only that one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createMcpHost, loadMcpJson, type McpHost } from '@latchkey/mcp-bridge';
import { createLayout, type Layout, layoutNames } from './layouts.ts';

const [root = '', doors = '', program = process.execPath, only] = process.argv.slice(2);

const contents = ({ secrets, programs, mcpJson, denied: { denyRead, denyWrite } }: Layout, isDenied: boolean): string =>
  JSON.stringify(
    [...secrets, ...programs, mcpJson, ...(isDenied ? [...denyRead, ...denyWrite] : [])].map((path) => [
      path,
      existsSync(path) ? readFileSync(path, 'utf8') : 'gone',
    ]),
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
async function layersOf(host: McpHost, signal: AbortSignal): Promise<readonly string[]> {
  for (;;) {
    const { sandbox } = host.servers().find(({ id }) => id === 'mcp/hostile') ?? {};
    if (sandbox !== undefined) return sandbox.layers;
    await setTimeout(20, undefined, { signal });
  }
}

/** Counts the datagrams that arrive at a port of all addresses. */
async function countDatagrams(): Promise<AsyncDisposable & { readonly port: number; count(): number }> {
  let heard = 0;
  const socket = createSocket('udp6').on('message', () => {
    heard += 1;
  });
  await new Promise<void>((resolve) => socket.bind(0, '::', resolve));
  return {
    port: socket.address().port,
    count: () => heard,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(resolve)),
  };
}

/**
 * Mounts the socket of an engine in another network at a place that the server sees, as a container is given it. Only
 * root makes mounts; where this process may make none, there is no such place.
 */
async function mountEngine({ engine }: Layout): Promise<AsyncDisposable | undefined> {
  const code =
    'require("node:net").createServer((socket) => socket.destroy()).listen(process.argv[1], () => console.log())';
  const child = spawn('unshare', ['--net', process.execPath, '-e', code, engine.own], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const isReady = await new Promise<boolean>((resolve) => {
    child.stdout.once('data', () => resolve(true));
    child.once('close', () => resolve(false)).once('error', () => resolve(false));
  });
  const isMounted = isReady && spawnSync('mount', ['--bind', engine.own, engine.mounted]).status === 0;
  if (!isMounted) child.kill();
  return isMounted
    ? {
        [Symbol.asyncDispose]: async () => {
          spawnSync('umount', [engine.mounted]);
          child.kill();
        },
      }
    : undefined;
}

/** Whether this process has a terminal, which no server may have. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** What the host would run or read for others, in places that the hostile server writes. */
const hostSide = ({ own, token, borrowed }: Layout) => ({
  'env-command': { command: program, args: [doors], envCommand: ['sh', '-c', `. ${token}`] },
  'headers-command': { url: 'http://127.0.0.1:9/mcp', headersCommand: [token] },
  'command-off': { command: './token', cwd: join(own, 'host'), sandbox: 'off' },
  'shell-off': { command: 'sh', args: ['-c', `cd ${own}/host && ./token`], sandbox: 'off' },
  'folder-off': { command: 'npm', args: ['--prefix', join(own, 'host'), 'start'], sandbox: 'off' },
  'borrowed-folder': { command: program, args: [doors], cwd: borrowed },
});

/** Starts the server and expects that the host refuses. */
async function expectRefusal(host: McpHost, signal: AbortSignal): Promise<void> {
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
  /** Whether there was a terminal to reach. */
  readonly hasTerminal: boolean;
  readonly opened: readonly string[];
}

async function runLayout(layout: Layout, sandbox: unknown): Promise<Found> {
  const { home, data, mcpJson, own, secrets, programs, mcpJsonFile, envFiles, denied } = layout;
  const isDenied = typeof sandbox === 'object';
  const signal = AbortSignal.timeout(120_000);
  const loader = { LD_DEBUG: 'files', LD_DEBUG_OUTPUT: join(own, 'loader'), KUBECONFIG: join(home, '.kube/config') };
  // What it names besides opens nothing: a home, its credentials, the system.
  const args = [doors, own, home, join(home, '.ssh'), '/etc', '/'];
  const entry = { command: program, args, cwd: own, env: loader, envFile: envFiles[0], sandbox };
  const off = { command: program, args: [programs[0]], sandbox: 'off' };
  const other = { command: program, args: [programs[1]], envFile: envFiles[1] };
  const beside = hostSide(layout);
  const file = join(home, 'kit.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { hostile: entry, neighbour: off, other, ...beside } }));
  const config = await loadMcpJson(file, {});
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
  await using _service = await listen(layout.socket);
  await using engine = await mountEngine(layout);
  await using everywhere = await listen({ host: '::', port: 0 });
  await using datagrams = await countDatagrams();
  const squatted = await freePort();
  await using host = createMcpHost({
    config,
    environment: { HOME: home, PATH: process.env.PATH ?? '', SECRET: 'CANARY' },
    hiddenFromServers: [data, mcpJson, join(home, '.latchkey')],
    serverHomes: join(data, 'mcp-homes'),
    limits: { callTimeoutMs: 60_000 },
  });
  const hasOwnNetwork = (await layersOf(host, signal)).includes('own network');
  if (sandbox === 'required' && !hasOwnNetwork) {
    await expectRefusal(host, signal);
    return {
      hasOwnNetwork,
      hasTerminal: hasTerminal(),
      opened: ['required asks for a network of its own, and does not start'],
    };
  }
  const toolset = await host.openToolset([{ server: 'mcp/hostile' }], () => ({ allowed: true }), signal);
  const ask = async (reads: readonly string[], writes: readonly string[], ways = waysTo(everywhere.port)) => {
    const mounted = engine === undefined ? [] : [layout.engine.mounted];
    const sockets = [inTemporary, layout.socket, ...mounted, ...(hasOwnNetwork ? [abstract] : [])];
    const addresses = hasOwnNetwork ? ways : [];
    const told = addresses.map(({ host: to }) => ({ host: to, port: datagrams.port }));
    const squats = hasOwnNetwork ? [squatted] : [];
    const processes = [process.pid, process.ppid];
    const asked = { reads, writes, sockets, addresses, datagrams: told, squats, processes, marks };
    const outcome = await toolset.call('try', asked, { signal });
    if (outcome.type === 'failure') throw new Error(outcome.reason);
    return JSON.parse(outcome.text) as { readonly opened: readonly string[]; readonly started: string };
  };
  const before = contents(layout, isDenied);
  const [notRead, notWritten] = isDenied ? [denied.denyRead, [...denied.denyRead, ...denied.denyWrite]] : [[], []];
  const { planted } = layout;
  const first = await ask([...secrets, ...notRead], [...secrets, ...programs, ...notWritten, ...planted, mcpJson]);
  const found = new Set(first.opened);
  if (hasOwnNetwork && (await isHeard(squatted))) found.add('listens on this machine');
  for (const path of planted) if (existsSync(path)) found.add(`planted ${path}`);
  if (datagrams.count() > 0) found.add('datagrams to this machine');
  if (contents(layout, isDenied) !== before) found.add(`changed: ${before} is ${contents(layout, isDenied)}`);
  // As an editor, git and `latchkey mcp add` replace it.
  const replace = (path: string): void => {
    writeFileSync(`${path}.new`, 'CANARY replaced\n');
    renameSync(`${path}.new`, path);
  };
  replace(mcpJsonFile);
  const replaced = contents(layout, isDenied);
  for (const door of (await ask([mcpJsonFile, mcpJson], [mcpJsonFile, mcpJson], [])).opened)
    found.add(`after a replacement: ${door}`);
  if (contents(layout, isDenied) !== replaced) found.add('changed after a replacement');
  for (const label of Object.keys(beside)) {
    const opening = host.openToolset([{ server: `mcp/${label}` }], () => ({ allowed: true }), signal);
    const refusal = await opening.then(() => 'it started', String);
    if (!refusal.includes('which the server "hostile" can change')) found.add(`${label}: ${refusal}`);
  }
  if (existsSync(layout.ran)) found.add('runs on the host');
  // The next start of the server keeps a file that was replaced: one in a folder that is kept, and one that is kept alone.
  let { started } = first;
  for (const path of [programs[1] ?? '', envFiles[0]]) {
    replace(path);
    const deadline = AbortSignal.timeout(15_000);
    for (let isNew = false; !isNew && !deadline.aborted; ) {
      const again = await ask([], [], []).catch(() => ({ started }));
      isNew = again.started !== started;
      started = again.started;
      if (!isNew) await setTimeout(100, undefined, { signal });
    }
    if (deadline.aborted) found.add(`goes on though ${path} was replaced`);
    const kept = contents(layout, isDenied);
    await ask([], [path], []);
    if (contents(layout, isDenied) !== kept) found.add(`changed ${path}, which was replaced`);
  }
  for (const mark of marks) if (existsSync(mark)) found.add(`left ${mark}`);
  await toolset.close();
  await host[Symbol.asyncDispose]();
  for (const name of readdirSync(own).filter((file) => file.startsWith('loader'))) {
    if (/transferring control: \S*(?:bwrap|prlimit)/.test(readFileSync(join(own, name), 'utf8')))
      found.add(`loader of a wall: ${name}`);
  }
  return { hasOwnNetwork, hasTerminal: hasTerminal(), opened: [...found] };
}

/** Starts it where a layer is missing that it asks for: the tools of a sandbox but one. */
async function startWithout(missing: string, sandbox: unknown): Promise<readonly string[]> {
  const folder = mkdtempSync(join(root, 'tools-'));
  for (const tool of ['bwrap', 'prlimit', 'pasta', 'sh'].filter((name) => name !== missing)) {
    const found = (process.env.PATH ?? '')
      .split(':')
      .map((path) => join(path, tool))
      .find(existsSync);
    if (found !== undefined) symlinkSync(realpathSync(found), join(folder, tool));
  }
  const own = join(folder, 'own');
  mkdirSync(own);
  const { PATH } = process.env;
  // The tools are those of this process.
  process.env.PATH = folder;
  const entry = { command: program, args: [doors, own], sandbox };
  const file = join(folder, 'mcp.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { hostile: entry } }));
  await using host = createMcpHost({ config: await loadMcpJson(file, {}) });
  const opening = host.openToolset([{ server: 'mcp/hostile' }], () => ({ allowed: true }), AbortSignal.timeout(30_000));
  const reason = await opening.then(
    () => 'it started',
    (error: Error) => error.message,
  );
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
  const named = missing === 'bwrap' ? 'bubblewrap' : missing;
  return reason.includes('its sandbox is missing') && reason.includes(named) ? [] : [reason];
}

const within = (...names: readonly string[]) => names.map((name) => `OWN/denied/${name}`);
const filesystem = { denyRead: within('read/key', 'later/key'), denyWrite: within('write/config', 'later/config') };
const closed = { read: [doors], write: ['OWN'], network: true, filesystem };
const sandboxes = { auto: undefined, required: 'required', closed };
const isWanted = (name: string): boolean => only === undefined || only === name;
for (const name of layoutNames) {
  for (const [mode, sandbox] of Object.entries(sandboxes)) {
    if (!isWanted(`${name}/${mode}`)) continue;
    const base = mkdtempSync(join(root, `${name}-`));
    const layout = createLayout(name, base);
    const own = JSON.parse(JSON.stringify(sandbox ?? 'auto').replaceAll('OWN', layout.own));
    const found = await runLayout(layout, own).catch((error: Error) => ({
      hasOwnNetwork: false,
      hasTerminal: false,
      opened: [`failed: ${error.message} ${(error as { detail?: string }).detail}`],
    }));
    process.stdout.write(`${JSON.stringify({ layout: name, sandbox: mode, ...found })}\n`);
    rmSync(base, { recursive: true, force: true });
  }
}
const asked = {
  required: ['bwrap', 'prlimit', 'pasta'],
  closed: ['bwrap', 'prlimit'],
  ports: ['bwrap', 'prlimit', 'pasta'],
};
for (const [mode, tools] of Object.entries(asked)) {
  for (const missing of tools) {
    if (!isWanted(`without ${missing}/${mode}`)) continue;
    const sandbox = { required: 'required', closed: { read: [doors] }, ports: { read: [doors], ports: [8080] } }[mode];
    const opened = await startWithout(missing, sandbox);
    process.stdout.write(`${JSON.stringify({ layout: `without ${missing}`, sandbox: mode, opened })}\n`);
  }
}
