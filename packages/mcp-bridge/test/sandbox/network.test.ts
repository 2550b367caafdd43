import { connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseMcpJson } from '../../src/index.ts';
import { readOwnAddresses } from '../../src/sandbox/own-addresses.ts';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const tools = await probeSandboxTools(process.env);
const works = tools.network !== undefined;

const entryOf = (entry: object = {}) => ({ command: process.execPath, args: [server], ...entry });

/** Runs code inside of a server that is started with this entry of an mcp.json. */
async function inside(code: string, entry: object = {}): Promise<string> {
  await using host = processHost({ probe: entryOf(entry) });
  const outcome = await call(await open(host, 'mcp/probe'), 'run', { code });
  return outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}`;
}

/** What came of connecting to each place: what the other side said, or why not. */
const connectTo = (...places: readonly object[]): string => `
  const { connect } = await load('node:net');
  return await Promise.all(${JSON.stringify(places)}.map((place) => new Promise((resolve) => {
    let said = '';
    connect(place).on('data', (chunk) => { said += chunk; })
      .once('error', ({ code }) => resolve(code)).once('close', () => resolve(said));
  })));`;

async function listening(host: string, text = 'reached', port = 0): Promise<number> {
  const listener: Server = createServer((socket: Socket) => socket.end(text)).listen(port, host);
  await new Promise((resolve) => listener.once('listening', resolve));
  onTestFinished(() => void listener.close());
  return (listener.address() as { port: number }).port;
}

/** A port on which nothing listens. Those that the system chooses by itself are ones that pasta never passes on by itself. */
function freePort(): Promise<number> {
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(freePort()));
    probe.listen(port, () => probe.close(() => resolve(port)));
  });
}

const listens = (port: number, host = '127.0.0.1'): string => `const { createServer } = await load('node:net');
  const listener = createServer((socket) => socket.end('back')).listen(${port}, '${host}');
  await new Promise((resolve) => listener.once('listening', resolve));`;

/** What a connection from this machine hears, or why there is none. */
const heard = (port: number, host = '127.0.0.1'): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    const socket = connect(port, host);
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('close', () => resolve(text));
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code));
  });

describe.runIf(works)('the network of a server in a sandbox', () => {
  it.each([[{}], [{ sandbox: 'required' }], [{ sandbox: { read: [server], network: true } }]])(
    'reaches no service of this machine that its entry does not name: %j',
    async (entry) => {
      const [v4, v6] = [await listening('127.0.0.1'), await listening('::1')];
      const places = [
        { host: '127.0.0.1', port: v4 },
        { host: '::1', port: v6 },
      ];
      expect(await inside(connectTo(...places), entry)).toBe('["ECONNREFUSED","ECONNREFUSED"]');
    },
  );

  it('reaches those that its entry names', async () => {
    const ports = [
      await listening('127.0.0.1', 'named'),
      await listening('127.0.0.1', 'given'),
      await listening('::1'),
    ];
    const [named, given, listed] = ports;
    const entry = {
      args: [server, `--endpoint=http://localhost:${named}`],
      env: { REDIS_PORT: String(given) },
      sandbox: { mode: 'auto', ports: [listed] },
    };
    const places = ports.map((port, index) => ({ host: index === 2 ? '::1' : '127.0.0.1', port }));
    expect(await inside(connectTo(...places), entry)).toBe('["named","given","reached"]');
  });

  it('is of these ports alone where its entry asks for no network', async () => {
    const port = await listening('127.0.0.1');
    const sandbox = { read: [server], ports: [port] };
    const places = [
      { host: '127.0.0.1', port },
      { host: '203.0.113.1', port: 80 },
    ];
    expect(await inside(connectTo(...places), { sandbox })).toBe('["reached","ENETUNREACH"]');
  });

  it('refuses link-local addresses, where clouds keep credentials', async () => {
    const [name] = Object.keys(networkInterfaces()).filter((one) => one !== 'lo');
    const hosts = ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', 'fe80::1', `fe80::1%${name}`];
    const places = hosts.map((host) => ({ host, port: 80 }));
    const came = JSON.parse(await inside(connectTo(...places))) as string[];
    // A scope that the network inside does not know is EINVAL.
    for (const each of came) expect(each).toMatch(/^(?:EACCES|EINVAL|ENETUNREACH)$/);
    expect(came[0]).toBe('EACCES');
  });

  it('is asked for a login that comes back', async () => {
    const port = await listening('127.0.0.1', '', 0);
    const free = await freePort();
    const code = listens(free);
    const entry = { env: { OAUTH_CALLBACK_PORT: String(free), OTHER_CALLBACK_PORT: String(port) } };
    await using host = processHost({ probe: entryOf(entry) });
    await call(await open(host, 'mcp/probe'), 'run', { code });
    expect(await heard(free)).toBe('back');
  });

  it('is reached from this machine at no port that its entry does not name', async () => {
    const env = { OTHER_PORT: '49151', OAUTH_CALLBACK_PORT: '49152' };
    await using host = processHost({ probe: entryOf({ env, sandbox: { mode: 'auto', ports: [49_153] } }) });
    const toolset = await open(host, 'mcp/probe');
    const ports = [await freePort(), await freePort()];
    await call(toolset, 'run', { code: listens(ports[0] ?? 0, '127.0.0.1') });
    await call(toolset, 'run', { code: listens(ports[1] ?? 0, '::') });
    for (const port of ports) {
      expect([await heard(port), await heard(port, '::1')]).toEqual(['ECONNREFUSED', 'ECONNREFUSED']);
    }
  });

  it('has no abstract socket of this machine', async () => {
    const path = `\0latchkey-test-${process.pid}`;
    const listener = createServer((socket) => socket.end('reached')).listen(path);
    await new Promise((resolve) => listener.once('listening', resolve));
    onTestFinished(() => void listener.close());
    expect(await inside(connectTo({ path }))).toBe('["ECONNREFUSED"]');
  });

  it('shows the server as the user that it is, with a filter for its system calls', async () => {
    const code = `const { readFile } = await load('node:fs/promises');
      const [, filter] = /Seccomp:\\t(\\d)/.exec(await readFile('/proc/self/status', 'utf8'));
      return [process.getuid(), process.getgid(), filter];`;
    expect(JSON.parse(await inside(code))).toEqual([process.getuid?.(), process.getgid?.(), tools.filters ? '2' : '0']);
  });

  it('is said in the list, with what opens more', async () => {
    await using host = processHost({ probe: entryOf({ args: [server, 'localhost:5432'], env: { PORT: '3000' } }) });
    await expect
      .poll(() => host.servers()[0]?.sandbox)
      .toMatchObject({
        layers: expect.arrayContaining(['own network']),
        open: [
          'the network outside of this machine',
          'of this machine the ports 5432: "ports" in its "sandbox" opens others',
          'to listen on localhost: 3000',
        ],
      });
  });
});

describe('a network that cannot be made', () => {
  const without = async () => {
    const { network: _, ...rest } = tools;
    return { ...rest, bubblewrap: '/usr/bin/bwrap', prlimit: '/usr/bin/prlimit', filters: true, withoutNetwork: 'why' };
  };
  const parsed = (sandbox: unknown) => {
    const entry = parseMcpJson(JSON.stringify({ mcpServers: { a: entryOf({ sandbox }) } }), {}).servers.get('a');
    if (entry?.transport !== 'stdio') throw new TypeError('it is a program');
    return entry;
  };

  it.each([['required'], [{ mode: 'required' }], [{ ports: [80] }], [{ network: true, ports: [80] }]])(
    'keeps a server from starting that asks for it: %j',
    async (sandbox) => {
      const made = new Sandbox({ environment: process.env, probe: without });
      const missing = /its sandbox is missing: it would have the network of this machine, for why; .*start/;
      await expect(made.wrap(parsed(sandbox), {})).rejects.toThrow(missing);
    },
  );

  it.each([[undefined], [{ network: true }]])('is said to be missing: %j', async (sandbox) => {
    const made = new Sandbox({ environment: process.env, probe: without });
    await made.tools();
    expect(made.report(parsed(sandbox))).toMatchObject({
      open: ['the network, with services of this machine that listen on addresses or on abstract sockets'],
      missing: expect.stringContaining('it has no network of its own: why'),
    });
  });

  it.each([
    ['0.8.0', true],
    ['0.11.3', true],
    ['0.12.0', false],
    ['1.0', false],
  ])('is not all that is said: a release of bubblewrap with a known fault is, too: %s', async (version, isSaid) => {
    const made = new Sandbox({ environment: process.env, probe: async () => ({ ...(await without()), version }) });
    await made.tools();
    const { missing = '' } = made.report(parsed(undefined)) ?? {};
    expect(missing.includes(`bubblewrap ${version} has a known fault with links (CVE-2026-87766)`)).toBe(isSaid);
  });

  it('is tried again when there was no way out of this machine', async () => {
    let tried = 0;
    const probe = async () => {
      tried += 1;
      return tried === 1 ? { ...(await without()), isOffline: true } : { ...(await without()) };
    };
    const made = new Sandbox({ environment: process.env, probe });
    await made.tools();
    await made.tools();
    await made.tools();
    expect(tried).toBe(2);
  });
});

describe.runIf(process.platform === 'linux')('the addresses of this machine', () => {
  it('are all at which it answers', async () => {
    const { ipv4 } = await readOwnAddresses();
    const listed = Object.values(networkInterfaces()).flatMap((list = []) =>
      list.flatMap(({ address, family }) => (family === 'IPv4' ? `${address}/32` : [])),
    );
    expect(ipv4).toEqual(expect.arrayContaining(['127.0.0.0/8', ...listed]));
  });
});
