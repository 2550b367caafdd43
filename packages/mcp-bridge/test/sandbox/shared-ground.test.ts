import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseMcpJson, type StdioServerEntry } from '../../src/index.ts';
import { Sandbox, type SandboxedCommand } from '../../src/sandbox/sandbox.ts';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const works = (await probeSandboxTools(process.env)).bubblewrap !== undefined;

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(userInfo().homedir, '.latchkey-shared-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** How the hostile server is given a folder to write. */
const given: Record<string, (own: string) => Record<string, unknown>> = {
  auto: (own) => ({ command: process.execPath, args: [server, own] }),
  closed: (own) => ({ command: process.execPath, args: [server], sandbox: { read: [server], write: [own] } }),
};

describe.runIf(works).each(Object.entries(given))(
  'a server that writes around the script of another (%s)',
  (_, entry) => {
    it('puts no library where Node looks for those of the script', async () => {
      const own = join(await createFolder(), 'own');
      const script = join(own, 'a/b/run.js');
      await mkdir(join(own, 'a/b'), { recursive: true });
      await writeFile(join(own, 'a/b/package.json'), '{}');
      await writeFile(script, 'require("planted");');
      await using host = processHost({ probe: entry(own), other: { command: process.execPath, args: [script] } });
      const toolset = await open(host, 'mcp/probe');
      for (const folder of [own, join(own, 'a'), join(own, 'a/b')]) {
        const modules = join(folder, 'node_modules');
        const plant = `const fs = await load('node:fs/promises');
        for (const aside of ['${own}/aside', '${folder}/aside']) {
          await fs.mkdir(aside, { recursive: true }).catch(() => {});
          await fs.writeFile(aside + '/planted.js', '').catch(() => {});
          await fs.rename(aside, '${modules}').catch(() => {});
          await fs.symlink(aside, '${modules}').catch(() => {});
        }
        await fs.rmdir('${modules}').catch(() => {});
        await fs.mkdir('${modules}').catch(() => {});
        await fs.writeFile('${modules}/planted.js', '');`;
        expect(await call(toolset, 'run', { code: plant })).toMatchObject({
          text: expect.stringMatching(/^failed: E/),
        });
        expect(await readdir(modules).catch(() => [])).toEqual([]);
      }
      // It goes on writing beside them.
      expect(
        await call(toolset, 'run', { code: `await (await load('node:fs/promises')).writeFile('${own}/new', '');` }),
      ).toMatchObject({
        text: 'null',
      });
    });
  },
);

/** Starts a command as the transport does, and returns what it printed, with its exit code. */
async function start({ command, args, environment, cwd, filter }: SandboxedCommand) {
  const child = spawn(command, [...args], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const pipe = child.stdio[3] as Writable;
  pipe.on('error', () => {});
  pipe.end(filter);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += String(chunk)));
  const [code] = await once(child, 'close');
  return { code, printed };
}

describe.runIf(works)('a place in a folder that another server writes', () => {
  async function place(how: string) {
    const folder = await createFolder();
    const [own, sub, letters] = [join(folder, 'own'), join(folder, 'own/sub dir'), join(folder, 'letters')];
    for (const path of [own, sub, letters]) await mkdir(path);
    await writeFile(join(sub, 'file'), 'plain');
    await writeFile(join(letters, 'file'), 'CANARY');
    const keys = how === 'auto' ? { cwd: sub } : { sandbox: { write: [sub] } };
    const mcpServers = {
      other: { command: process.execPath, args: [server, own] },
      reader: { command: '/bin/cat', args: [`${sub}/file`], ...keys },
    };
    const { servers } = parseMcpJson(JSON.stringify({ mcpServers }), {});
    const sandbox = new Sandbox({ environment: process.env });
    sandbox.configure([...servers.values()]);
    const wrap = () => sandbox.wrap([...servers.values()][1] as StdioServerEntry, { PATH: process.env.PATH });
    const swap = async (): Promise<void> => {
      await rename(sub, `${sub}.aside`);
      await symlink(letters, sub);
    };
    return { wrap, swap };
  }

  it.each(['auto', 'closed'])('is mounted when it is what was judged: %s', async (how) => {
    const { wrap } = await place(how);
    expect(await start(await wrap())).toMatchObject({ code: 0, printed: expect.stringContaining('plain') });
  });

  it.each(['auto', 'closed'])('is not used when a link has taken its place since it was judged: %s', async (how) => {
    const { wrap, swap } = await place(how);
    const wrapped = await wrap();
    await swap();
    const { code, printed } = await start(wrapped);
    expect(printed).not.toContain('CANARY');
    expect(printed).toContain('was replaced by another server while it was made');
    expect(code).toBe(125);
  });

  it.each(['auto', 'closed'])('is not used when a link has taken its place since the first look: %s', async (how) => {
    const { wrap, swap } = await place(how);
    await swap();
    await expect(wrap()).rejects.toThrow(/^another server led it to \/.*letters/);
  });
});
