import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { probeSandboxTools } from '../../src/sandbox/sandbox-tools.ts';
import { call, open, processHost } from '../hosting.ts';

const server = fileURLToPath(new URL('probe-server.mjs', import.meta.url));
const works = (await probeSandboxTools(process.env)).bubblewrap !== undefined;
const closed = { read: [server] };

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(userInfo().homedir, '.latchkey-links-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function folder(): Promise<string> {
  const path = await mkdtemp(join(home, 'case-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function run(code: string, entry: object, options: object = {}): Promise<string> {
  await using host = processHost({ probe: { args: [server], ...entry } }, options);
  const outcome = await call(await open(host, 'mcp/probe'), 'run', { code });
  return outcome.type === 'success' ? outcome.text : `failed: ${outcome.reason}`;
}

/** Where Node lies as package runners and version managers lay it out, and the folder that they put on the PATH. */
const installations: Record<string, (base: string) => Promise<string>> = {
  'beside its package, as npx has it': async (base) => {
    const modules = join(base, '_npx/1/node_modules');
    await install(join(modules, 'node/bin/node'));
    await mkdir(join(modules, '.bin'));
    await symlink('../node/bin/node', join(modules, '.bin/node'));
    return join(modules, '.bin');
  },
  'behind a link to the version in use, as nvm and n have it': async (base) => {
    await install(join(base, 'versions/v24/bin/node'));
    await symlink('versions/v24', join(base, 'current'));
    return join(base, 'current/bin');
  },
  'behind links of links, as mise and Homebrew have it': async (base) => {
    await install(join(base, 'store/node/24/bin/node'));
    await symlink(join(base, 'store/node'), join(base, 'node'));
    await symlink('24', join(base, 'store/node/latest'));
    await mkdir(join(base, 'bin'));
    await symlink('../node/latest/bin/node', join(base, 'bin/node'));
    return join(base, 'bin');
  },
};

async function install(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await copyFile(process.execPath, path);
}

describe.runIf(works)('links on the way to a program', () => {
  for (const [layout, lay] of Object.entries(installations)) {
    for (const sandbox of ['auto', closed] as const) {
      it(`are as they were, with Node ${layout}: ${typeof sandbox === 'string' ? sandbox : 'a profile'}`, async () => {
        const base = await folder();
        const bin = await lay(base);
        const environment = { HOME: base, PATH: `${bin}:/usr/bin:/bin` };
        const entry = { command: 'node', sandbox };
        expect(await run('return process.version;', entry, { environment })).toBe(JSON.stringify(process.version));
        expect(await run('return process.version;', { ...entry, command: join(bin, 'node') }, { environment })).toBe(
          JSON.stringify(process.version),
        );
      });
    }
  }
});

describe.runIf(works)('links to folders', () => {
  const readFile = (path: string): string =>
    `return await (await load('node:fs/promises')).readFile(${JSON.stringify(path)}, 'utf8');`;

  it.each(['read', 'write'])('lead to what a profile names by them, without what is secret there: %s', async (how) => {
    const base = await folder();
    await mkdir(join(base, 'store'));
    for (const name of ['plain', 'secret']) await writeFile(join(base, 'store', name), name);
    await symlink('store', join(base, 'link'));
    const sandbox = { read: [server, ...(how === 'read' ? [join(base, 'link')] : [])], write: [] as string[] };
    if (how === 'write') sandbox.write.push(join(base, 'link'));
    const entry = { command: process.execPath, sandbox };
    const options = { hiddenFromServers: [join(base, 'store', 'secret')] };
    expect(await run(readFile(join(base, 'link', 'plain')), entry, options)).toBe('"plain"');
    for (const name of ['link', 'store']) {
      expect(await run(readFile(join(base, name, 'secret')), entry, options)).toBe('failed: ENOENT');
    }
  });

  it('lead to the folder of a server whose entry names it by them', async () => {
    const base = await folder();
    await mkdir(join(base, 'store'));
    await symlink('store', join(base, 'link'));
    const entry = { command: process.execPath, cwd: join(base, 'link') };
    const write = `await (await load('node:fs/promises')).writeFile(${JSON.stringify(join(base, 'link', 'new'))}, '');`;
    expect(await run(`${write} return process.cwd();`, entry)).toBe(JSON.stringify(join(base, 'store')));
  });
});
