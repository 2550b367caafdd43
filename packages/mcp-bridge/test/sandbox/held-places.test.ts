import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { McpHost } from '../../src/index.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const tools = await probeSandboxTools(process.env);
const works = tools.bubblewrap !== undefined && tools.prlimit !== undefined;

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(userInfo().homedir, '.latchkey-held-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const put = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
};

/** As an editor, git and package managers do it. */
const replace = async (path: string, text: string): Promise<void> => {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
};

async function run(host: McpHost, code: string): Promise<string> {
  const toolset = await open(host, 'mcp/probe');
  const outcome = await call(toolset, 'run', { code: `const fs = await load('node:fs/promises'); ${code}` });
  await toolset.close();
  return outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}`;
}

/** Calls the server until it was started again. */
async function afterRestart(host: McpHost, started: string, code: string): Promise<string> {
  const isNew = async (): Promise<boolean> => {
    const now = await run(host, 'return globalThis.started ??= String(Math.random());').catch(() => started);
    return now !== started && !now.startsWith('failed');
  };
  await expect.poll(isNew, { timeout: 20_000 }).toBe(true);
  return run(host, code);
}

const mark = 'return globalThis.started ??= String(Math.random());';
const tryAll = (path: string): string => `
  const came = [];
  for (const step of [
    () => fs.writeFile('${path}', 'hostile'),
    () => fs.rename('${path}', '${path}.moved'),
    () => fs.writeFile('${path}.aside', 'hostile').then(() => fs.rename('${path}.aside', '${path}')),
    () => fs.rm('${path}', { recursive: true }),
    () => fs.rename('${dirname(path)}', '${dirname(path)}.moved'),
  ]) came.push(await step().then(() => 'done', ({ code }) => code));
  return came;`;
const refused = /^\["E\w+","E\w+","E\w+","E\w+","E\w+"\]$/;

interface Case {
  readonly entry: (own: string) => Record<string, object>;
  readonly kept: string;
}

const profile = (filesystem: object) => ({ sandbox: { read: [server], filesystem } });
const cases: Record<string, Case> = {
  'a file of denyWrite': {
    entry: (own) => ({ probe: profile({ allowWrite: [own], denyWrite: [`${own}/a/git/config`] }) }),
    kept: 'a/git/config',
  },
  'a script of another server': {
    entry: (own) => ({
      probe: { args: [server, own] },
      other: { command: process.execPath, args: [`${own}/a/git/run.js`] },
    }),
    kept: 'a/git/run.js',
  },
  'the envFile of the server itself': {
    entry: (own) => ({ probe: { args: [server, own], envFile: `${own}/a/git/.env` } }),
    kept: 'a/git/.env',
  },
};

async function hostOf(own: string, { entry }: Case): Promise<McpHost> {
  const servers = Object.entries(entry(own)).map(([label, keys]) => {
    return [label, { command: process.execPath, args: [server], ...keys }] as const;
  });
  const { createMcpHost, loadMcpJson } = await import('../../src/index.ts');
  const file = join(own, '..', 'mcp.json');
  await writeFile(file, JSON.stringify({ mcpServers: Object.fromEntries(servers) }));
  return createMcpHost({ config: await loadMcpJson(file, {}) });
}

describe.runIf(works).each(Object.entries(cases))('%s', (_, each) => {
  it('stays as it is, whatever the server moves', async () => {
    const own = join(await createFolder(), 'own');
    await put(join(own, each.kept), 'X=1');
    await using host = await hostOf(own, each);
    expect(await run(host, tryAll(join(own, each.kept)))).toMatch(refused);
    expect(await readFile(join(own, each.kept), 'utf8')).toBe('X=1');
  });

  it('is kept in its new words when it is replaced outside while the server runs', async () => {
    const own = join(await createFolder(), 'own');
    const path = join(own, each.kept);
    await put(path, 'X=1');
    await using host = await hostOf(own, each);
    const started = await run(host, mark);
    await replace(path, 'X=2');
    expect(await afterRestart(host, started, tryAll(path))).toMatch(refused);
    expect(await readFile(path, 'utf8')).toBe('X=2');
  });

  it('is kept when a folder above it is made anew outside', async () => {
    const own = join(await createFolder(), 'own');
    const path = join(own, each.kept);
    await put(path, 'X=1');
    await using host = await hostOf(own, each);
    const started = await run(host, mark);
    await rename(join(own, 'a'), join(own, 'old'));
    await put(path, 'X=3');
    expect(await afterRestart(host, started, tryAll(path))).toMatch(refused);
    expect(await readFile(path, 'utf8')).toBe('X=3');
  });
});

describe.runIf(works)('what denyRead names', () => {
  it.each(['a/secret/key', 'a/secret'])(
    'is not read, whatever the server moves or is replaced outside: %s',
    async (what) => {
      const own = join(await createFolder(), 'own');
      const key = join(own, 'a/secret/key');
      await put(key, 'CANARY');
      const entry = { command: process.execPath, args: [server] };
      const filesystem = { allowWrite: [own], denyRead: [join(own, what)] };
      await using host = processHost({ probe: { ...entry, ...profile(filesystem) } });
      const moves = `
      for (const [from, to] of [['${own}/a/secret', '${own}/a/s'], ['${own}/a', '${own}/b'], ['${key}', '${own}/k']])
        await fs.rename(from, to).catch(() => {});
      await fs.link('${key}', '${own}/hard').catch(() => {});
      const { execFileSync } = await load('node:child_process');
      return execFileSync('/bin/sh', ['-c', 'cat $(find "${own}" -type f) </dev/null 2>/dev/null || true']).toString();`;
      expect(await run(host, moves)).not.toContain('CANARY');
      await replace(key, 'CANARY again');
      expect(await run(host, moves).catch(String)).not.toContain('CANARY');
      await rename(join(own, 'a'), join(own, 'elsewhere'));
      await put(key, 'CANARY anew');
      await rm(join(own, 'elsewhere'), { recursive: true });
      expect(await run(host, moves).catch(String)).not.toContain('CANARY');
      // By its next start the server has changed nothing that opens it.
      await using later = processHost({ probe: { ...entry, ...profile(filesystem) } });
      expect(await run(later, moves)).not.toContain('CANARY');
      expect(await readFile(key, 'utf8')).toBe('CANARY anew');
    },
  );
});

describe.runIf(works)('a socket in a folder that a server sees', () => {
  it.each(['auto', 'closed'])('is not there, nor is the next one of a service that begins again: %s', async (how) => {
    const folder = await createFolder();
    const path = join(folder, 'service/socket');
    await mkdir(dirname(path));
    await writeFile(join(folder, 'service/readme'), 'beside it');
    const listen = async () => {
      const service = createServer((socket) => socket.end('reached')).listen(path);
      await new Promise((resolve) => service.once('listening', resolve));
      onTestFinished(() => void service.close());
      return service;
    };
    const first = await listen();
    // A script comes with the folder that it is in, to read.
    await copyFile(server, join(folder, 'service/run.mjs'));
    const args = [join(folder, 'service/run.mjs')];
    const sandbox = how === 'closed' ? { read: [folder] } : undefined;
    const entry = { command: process.execPath, args, sandbox };
    const connect = `const { connect } = await load('node:net');
      return await new Promise((resolve) => {
        let text = '';
        connect('${path}').on('data', (chunk) => { text += chunk; })
          .once('error', ({ code }) => resolve(code)).once('close', () => resolve(text));
      });`;
    await using host = processHost({ probe: entry });
    expect(await run(host, connect)).toBe('"ENOENT"');
    expect(await run(host, `return await fs.readFile('${folder}/service/readme', 'utf8');`)).toBe('"beside it"');
    await new Promise((resolve) => first.close(resolve));
    await listen();
    expect(await run(host, connect)).toBe('"ENOENT"');
  });
});

describe.runIf(works && process.getuid?.() === 0)('a socket of another user', () => {
  it.each([0o700, 0o770, 0o701])('keeps no server of root from starting: in a folder of mode %o', async (mode) => {
    // Not in a home folder: these are not seen at all.
    const folder = await mkdtemp('/srv/latchkey-socket-');
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'inside/socket');
    await put(join(folder, 'inside/beside'), '');
    const service = createServer((socket) => socket.end('reached')).listen(path);
    await new Promise((resolve) => service.once('listening', resolve));
    onTestFinished(() => void service.close());
    for (const place of [path, dirname(path), folder]) await chown(place, 54_321, 54_321);
    await chmod(path, 0o666);
    await chmod(folder, mode);
    await using host = processHost({ probe: { command: process.execPath, args: [server] } });
    const connect = `const { connect } = await load('node:net');
      return await new Promise((resolve) => {
        connect('${path}').once('error', ({ code }) => resolve(code)).once('connect', () => resolve('reached'));
      });`;
    expect(await run(host, connect)).toBe(mode === 0o701 ? '"ENOENT"' : '"EACCES"');
  });
});
