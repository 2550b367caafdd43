import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { McpHostOptions } from '../../src/index.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const tools = await probeSandboxTools(process.env);
const works = tools.bubblewrap !== undefined && tools.prlimit !== undefined;

async function temporaryFolder(): Promise<string> {
  // Not in /tmp, where the server may write, and where the tests and what HOME says may lie as well.
  const folder = await mkdtemp(join(userInfo().homedir, '.latchkey-sandbox-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs code inside of a server that is started with this entry of an mcp.json. */
async function inside(code: string, entry: object = {}, options: Partial<McpHostOptions> = {}): Promise<string> {
  await using host = processHost({ probe: { command: process.execPath, args: [server], ...entry } }, options);
  const outcome = await call(await open(host, 'mcp/probe'), 'run', { code });
  return outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}`;
}

const inNode = (text: string): string => `const { ${text} } = await load('node:fs/promises');`;
const read = (path: string): string => `${inNode('readFile')} return await readFile(${JSON.stringify(path)}, 'utf8');`;
const write = (path: string): string => `${inNode('writeFile')} await writeFile(${JSON.stringify(path)}, 'changed');`;
const list = (path: string): string => `${inNode('readdir')} return await readdir(${JSON.stringify(path)});`;
const fetchFrom = (port: number): string =>
  `return await fetch('http://127.0.0.1:${port}').then((response) => response.text(), (error) => error.cause?.code);`;

async function webServer(): Promise<number> {
  const web = createServer((_, response) => response.end('reached')).listen(0, '127.0.0.1');
  await new Promise((resolve) => web.once('listening', resolve));
  onTestFinished(() => void web.close());
  return (web.address() as AddressInfo).port;
}

const denied = /^failed: (EROFS|EACCES|EPERM|ENOENT)$/;
/** What the entry must say so that the server itself can be read. */
const readable = { read: [server] };

describe.runIf(works)('a server whose entry says nothing of a sandbox', () => {
  it('changes what its entry names, and nothing else', async () => {
    const folder = await temporaryFolder();
    const [own, data, other] = ['own', 'data', 'other'].map((name) => join(folder, name));
    for (const path of [own, data, other]) await mkdir(path ?? '');
    const entry = { args: [server, own], env: { DATABASE: data } };
    expect(await inside(write(`${own}/a`), entry)).toBe('null');
    expect(await inside(write(`${data}/new.db`), entry)).toBe('null');
    expect(await inside(write(`${other}/a`), entry)).toMatch(denied);
    expect(await inside(write(`${folder}/a`), entry)).toMatch(denied);
    expect(await inside(write('/etc/latchkey-test'), entry)).toMatch(denied);
    expect(await inside(write(join(userInfo().homedir, '.latchkey-test')), entry)).toMatch(denied);
  });

  it('reads on, but not what the host keeps secret', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'state'));
    await writeFile(join(folder, 'state', 'secret'), 'canary');
    await writeFile(join(folder, 'mcp.json'), 'canary');
    await writeFile(join(folder, 'other'), 'plain');
    const entry = { args: [server, folder] };
    const options = { hiddenFromServers: [join(folder, 'state'), join(folder, 'mcp.json')] };
    expect(await inside(read(join(folder, 'other')), entry, options)).toBe('"plain"');
    expect(await inside(list(join(folder, 'state')), entry, options)).toBe('[]');
    expect(await inside(read(join(folder, 'mcp.json')), entry, options)).not.toContain('canary');
    expect(await inside(write(join(folder, 'state', 'secret')), entry, options)).toMatch(denied);
  });

  it('has the network, no privileges, and sees no process but its own', async () => {
    const port = await webServer();
    expect(await inside(fetchFrom(port), { env: { URL: `http://localhost:${port}/` } })).toBe('"reached"');
    expect(await inside(read('/proc/self/status'))).toMatch(/CapEff:\\t0{16}.*NoNewPrivs:\\t1/s);
    const names = JSON.parse(await inside(list('/proc'))) as string[];
    expect(names.filter((name) => /^\d+$/.test(name)).length).toBeLessThan(8);
  });

  it('can not open more to its next start by a link', async () => {
    const folder = await temporaryFolder();
    const [own, other] = [join(folder, 'own'), join(folder, 'other')];
    await mkdir(own);
    await mkdir(other);
    const entry = { args: [server, own, join(own, 'deep'), join(own, 'deep', 'store')] };
    await symlink(other, join(own, 'deep'));
    expect(await inside(write(join(own, 'a')), entry)).toBe('null');
    expect(await inside(write(join(own, 'deep', 'a')), entry)).toMatch(denied);
    expect(existsSync(join(other, 'a'))).toBe(false);
  });

  it('has the variables that its entry gives, and the four that all have', async () => {
    const code = 'return Object.keys(process.env).sort();';
    const environment = { HOME: homedir(), PATH: process.env.PATH, SECRET: 'canary', NODE_OPTIONS: '--no-warnings' };
    const names = JSON.parse(await inside(code, { env: { GIVEN: '1' } }, { environment })) as string[];
    // bubblewrap sets PWD.
    expect(names.filter((name) => name !== 'PWD')).toEqual(['GIVEN', 'HOME', 'PATH']);
  });
});

describe.runIf(works)('a server whose entry says what it may touch', () => {
  it('sees that and the programs of the system', async () => {
    const folder = await temporaryFolder();
    const [readOnly, writable] = [join(folder, 'read'), join(folder, 'write')];
    for (const path of [readOnly, writable]) await mkdir(path);
    await writeFile(join(readOnly, 'a'), 'plain');
    await writeFile(join(folder, 'beside'), 'canary');
    const sandbox = { read: [server, readOnly], write: [writable] };
    const entry = { sandbox };
    expect(await inside(read(join(readOnly, 'a')), entry)).toBe('"plain"');
    expect(await inside(write(join(readOnly, 'b')), entry)).toMatch(denied);
    expect(await inside(write(join(writable, 'b')), entry)).toBe('null');
    expect(await readFile(join(writable, 'b'), 'utf8')).toBe('changed');
    expect(await inside(read(join(folder, 'beside')), entry)).toMatch(denied);
    expect(await inside(read('/etc/shadow'), entry)).toMatch(denied);
    expect(await inside(list('/run'), entry)).toMatch(denied);
  });

  it('has an empty home folder of its own, gone with it', async () => {
    const environment = { ...process.env, HOME: await temporaryFolder() };
    await writeFile(join(environment.HOME, '.netrc'), 'canary');
    const home = environment.HOME;
    const entry = { sandbox: { read: [server] } };
    const code = `${inNode('writeFile, readdir')} await writeFile('${home}/x', ''); return await readdir('${home}');`;
    expect(await inside(code, entry, { environment })).toBe('["x"]');
    expect(existsSync(join(home, 'x'))).toBe(false);
  });

  it('has no network unless it is asked for', async () => {
    const port = await webServer();
    expect(await inside(fetchFrom(port), { sandbox: readable })).toBe('"ECONNREFUSED"');
    const entry = { args: [server, `localhost:${port}`], sandbox: { ...readable, network: true } };
    expect(await inside(fetchFrom(port), entry)).toBe('"reached"');
    expect(await inside(fetchFrom(port), { ...entry, sandbox: readable })).toBe('"ECONNREFUSED"');
  });

  it("keeps VS Code's denyRead and denyWrite inside of what it may write", async () => {
    const folder = await temporaryFolder();
    for (const name of ['closed', 'kept']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'a'), 'plain');
    }
    const filesystem = { allowWrite: [folder], denyRead: [join(folder, 'closed')], denyWrite: [join(folder, 'kept')] };
    const entry = { sandbox: { ...readable, filesystem } };
    expect(await inside(write(join(folder, 'b')), entry)).toBe('null');
    expect(await inside(read(join(folder, 'closed', 'a')), entry)).toMatch(denied);
    expect(await inside(read(join(folder, 'kept', 'a')), entry)).toBe('"plain"');
    expect(await inside(write(join(folder, 'kept', 'a')), entry)).toMatch(denied);
  });

  it('is held to its limits', async () => {
    const limits = { processes: 64, fileMb: 1, openFiles: 64, memoryMb: 1024 };
    const entry = { sandbox: { ...readable, limits } };
    const fork = `const { spawn } = await load('node:child_process');
      const started = Array.from({ length: 100 }, () => new Promise((resolve) => {
        spawn('/usr/bin/sleep', ['5']).once('spawn', () => resolve(1)).once('error', () => resolve(0));
      }));
      return (await Promise.all(started)).reduce((sum, one) => sum + one);`;
    if (tools.countsProcesses) {
      const counted = { ...readable, limits: { processes: 64 } };
      expect(Number(await inside(fork, { sandbox: counted }))).toBeLessThan(100);
    }
    const file = `process.on('SIGXFSZ', () => {}); ${inNode('writeFile')} await writeFile('/tmp/a', Buffer.alloc(2 ** 21));`;
    expect(await inside(file, entry)).toBe('failed: EFBIG');
    const memory = 'const kept = []; for (let i = 0; i < 128; i += 1) kept.push(Buffer.alloc(2 ** 24, 1)); return 1;';
    expect(await inside(memory, entry)).toMatch(/^failed/);
    const files = `${inNode('open')} const kept = []; for (let i = 0; i < 99; i += 1) kept.push(await open('/dev/null'));`;
    expect(await inside(files, entry)).toBe('failed: EMFILE');
  });
});

describe('what cannot be had', () => {
  const bare = { PATH: '/nowhere' };

  it('keeps a server from starting whose entry asks for it, and the command is not run', async () => {
    const folder = await temporaryFolder();
    const { Sandbox } = await import('../../src/sandbox/sandbox.ts');
    const { parseMcpJson } = await import('../../src/index.ts');
    const sandbox = new Sandbox({ environment: bare });
    const entryOf = (wish: unknown) => {
      const mcpServers = { a: { command: process.execPath, sandbox: wish } };
      const entry = parseMcpJson(JSON.stringify({ mcpServers }), {}).servers.get('a');
      if (entry?.transport !== 'stdio') throw new TypeError('it is a program');
      return entry;
    };
    await expect(sandbox.wrap(entryOf({ read: [folder] }), {})).rejects.toThrow('its sandbox is missing: bubblewrap');
    expect(await sandbox.wrap(entryOf('auto'), {})).toEqual({ command: process.execPath, args: [], environment: {} });
    expect(sandbox.report(entryOf('auto'))).toMatchObject({ layers: ['process group'], missing: /./ });
  });

  it('is told apart from what is not installed', async () => {
    const folder = await temporaryFolder();
    const broken = join(folder, 'bwrap');
    await writeFile(broken, '#!/bin/sh\nexit 1\n');
    await chmod(broken, 0o755);
    const found = await probeSandboxTools({ PATH: `${folder}:/usr/bin:/bin` });
    expect(found).toMatchObject({ withoutBubblewrap: expect.stringContaining('does not work here') });
    expect(found.bubblewrap).toBeUndefined();
  });
});

describe.runIf(works)('the status of a server', () => {
  it('says which layers it has before it is started', async () => {
    const entry = { command: process.execPath };
    await using host = processHost({
      a: entry,
      b: { ...entry, sandbox: 'off' },
      c: { ...entry, sandbox: { network: true } },
      d: { ...entry, sandbox: {} },
      e: { url: 'https://example.com/mcp' },
    });
    const layers = expect.arrayContaining(['bubblewrap', 'seccomp', 'prlimit', 'process group']);
    await expect
      .poll(() => host.servers().map(({ sandbox }) => sandbox))
      .toMatchObject([
        { layers, network: true, open: expect.arrayContaining([expect.stringContaining('the network')]) },
        {
          layers: ['process group'],
          network: true,
          open: ['all that this user may do'],
          missing: 'its entry says "off"',
        },
        { layers, network: true },
        { layers, network: false, open: [] },
        undefined,
      ]);
    expect(host.servers().every(({ state }) => state === 'stopped')).toBe(true);
  });
});
